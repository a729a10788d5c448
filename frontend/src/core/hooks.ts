/** The store, as React sees it. Every hook needs a `<StoreContext value={store}>` above. */
import {
  createContext,
  use,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { Limits, Quoted, ServerFrame } from '../gen/protocol'
import type { Log } from './log'
import type { OutboxItem } from './outbox'
import { rowsOf, type Row } from './rows'
import type { Status } from './socket'
import type { Presence, State, Store, Wallet } from './store'

export const StoreContext = createContext<Store | null>(null)

/** The store of the signed-in account, for its commands. */
export function useStore(): Store {
  const store = use(StoreContext)
  if (!store) throw new Error('no store: this component lives inside the signed-in part')
  return store
}

/** A slice of the state. The selector must return the same object while nothing changed. */
export function useSlice<T>(select: (state: State) => T): T {
  const store = useStore()
  return useSyncExternalStore(store.subscribe, () => select(store.state))
}

export interface ConversationView {
  log: Log
  /** Everything the timeline shows, in order, with stable keys. */
  rows: readonly Row[]
}

/** An open conversation: loaded, kept fresh while mounted, own unsent messages included. */
export function useConversation(conversationId: string): ConversationView {
  const store = useStore()
  useEffect(() => store.sync.watch(conversationId), [store, conversationId])
  const known = useSlice((state) => state.logs[conversationId])
  const items = useSlice((state) => state.outbox)
  return useMemo(() => {
    const log = known ?? store.log(conversationId)
    return { log, rows: rowsOf(log, items) }
  }, [store, known, items, conversationId])
}

export const useStatus = (): Status => useSlice((state) => state.status)
export const useWallet = (): Wallet | null => useSlice((state) => state.wallet)
export const useLimits = (): Limits | null => useSlice((state) => state.limits)
export const useOutbox = (): readonly OutboxItem[] => useSlice((state) => state.outbox)
export const useQuote = (conversationId: string): Quoted | undefined =>
  useSlice((state) => state.quotes[conversationId])
export const usePresence = (conversationId: string): Presence | undefined =>
  useSlice((state) => state.presence[conversationId])
export const useTyping = (conversationId: string): boolean =>
  useSlice((state) => state.typing[conversationId] ?? false)

/** Hear every server frame once, after it was applied: to refetch lists, to announce. */
export function useFrames(hear: (frame: ServerFrame) => void): void {
  const store = useStore()
  const latest = useRef(hear)
  useEffect(() => {
    latest.current = hear
  })
  useEffect(() => store.observe((frame) => latest.current(frame)), [store])
}

/** A value once it has not changed for a while: what somebody types, at rest. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
