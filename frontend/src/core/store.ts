/** The state of one signed-in tab: logs, outbox, wallet, presence; hooks are in `hooks.ts`. */
import type { Limits, Quoted, Receipt, ServerFrame } from '../gen/protocol'
import type { Wire } from './codec'
import type { Disk } from './disk'
import { addPending, apply, emptyLog, type Log } from './log'
import { Outbox, type OutboxItem } from './outbox'
import { Socket, type AnswerTo, type Ask, type SocketOptions, type Status } from './socket'
import { Sync } from './sync'
import { serverNow, setServerTime } from './time'

const TYPING_SHOWN_MS = 6_000
const TYPING_EVERY_MS = 4_000

export interface Wallet {
  balanceCents: number
  reservedCents: number
}
export interface Presence {
  online: boolean
  at: string
}

/** An immutable snapshot: a slice that did not change is the same object. */
export interface State {
  readonly status: Status
  readonly limits: Limits | null
  readonly wallet: Wallet | null
  readonly logs: Readonly<Record<string, Log>>
  readonly outbox: readonly OutboxItem[]
  readonly quotes: Readonly<Record<string, Quoted>>
  readonly presence: Readonly<Record<string, Presence>>
  /** The conversations whose other side is typing now. */
  readonly typing: Readonly<Record<string, boolean>>
}

export interface StoreOptions {
  accountId: string
  role: 'fan' | 'creator' | 'moderator'
  disk: Disk
  url: string
  wire: Wire
  sessionAlive: () => Promise<boolean | null>
  /** Null for who has no wallet, or when the server did not answer. */
  loadWallet: () => Promise<Wallet | null>
  /** A connection is caught up: what hints had told must be fetched again (S6). */
  onCaughtUp: () => void
  onBug: (what: string) => void
  open?: SocketOptions['open']
  random?: () => number
}

export class Store {
  state: State = {
    status: { kind: 'offline' },
    limits: null,
    wallet: null,
    logs: {},
    outbox: [],
    quotes: {},
    presence: {},
    typing: {},
  }
  readonly accountId: string
  readonly role: StoreOptions['role']
  readonly disk: Disk
  readonly outbox: Outbox
  readonly sync: Sync
  private readonly socket: Socket
  private readonly listeners = new Set<() => void>()
  private readonly observers = new Set<(frame: ServerFrame) => void>()
  private readonly typingTimers = new Map<string, ReturnType<typeof setTimeout>>()
  private readonly typedAt = new Map<string, number>()
  private frames: ServerFrame[] = []
  private flushing = false

  constructor(private readonly options: StoreOptions) {
    this.accountId = options.accountId
    this.role = options.role
    this.disk = options.disk
    this.socket = new Socket({
      ...options,
      onFrame: (frame) => this.receive(frame),
      onStatus: (status) => this.onStatus(status),
    })
    this.sync = new Sync(this)
    this.outbox = new Outbox({
      disk: options.disk,
      request: (ask) => this.request(ask),
      ready: () => this.sync.ready && this.state.status.kind === 'open',
      onChange: (outbox) => this.set({ outbox }),
      onReceipt: (item, receipt) => this.onReceipt(item, receipt),
      now: () => serverNow(),
      exclusively: (work) => exclusively(`aparte-outbox-${options.accountId}`, work),
    })
  }

  /** Load what this device kept, then connect. */
  async start(): Promise<void> {
    await this.outbox.load()
    this.socket.start()
    void this.refreshWallet()
  }

  stop(): void {
    this.socket.stop()
    this.sync.stop()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Hear every server frame once, after it was applied. Returns how to stop. */
  observe(observer: (frame: ServerFrame) => void): () => void {
    this.observers.add(observer)
    return () => void this.observers.delete(observer)
  }

  /** Any command of the protocol; `unanswered` when nobody can tell what became of it. */
  request<A extends Ask>(ask: A): Promise<AnswerTo<A>> {
    return this.socket.request(ask)
  }

  log(conversationId: string): Log {
    return this.state.logs[conversationId] ?? emptyLog(conversationId)
  }

  putLog(log: Log): void {
    this.set({ logs: { ...this.state.logs, [log.conversationId]: log } })
  }

  dropLogs(keep: (conversationId: string) => boolean): void {
    const kept = Object.entries(this.state.logs).filter(([id]) => keep(id))
    this.set({ logs: Object.fromEntries(kept) })
  }

  /** Tell the other side how far was read; the same number is told once. */
  markRead(conversationId: string, seq: number): void {
    const log = this.log(conversationId)
    if (seq <= log.ownReadSeq) return
    this.putLog({ ...log, ownReadSeq: seq })
    this.socket.tell({ t: 'mark_read', conversation_id: conversationId, seq })
  }

  /** The person is typing; told every 4 s at most. */
  typing(conversationId: string): void {
    const now = Date.now()
    if (now - (this.typedAt.get(conversationId) ?? 0) < TYPING_EVERY_MS) return
    this.typedAt.set(conversationId, now)
    this.socket.tell({ t: 'typing', conversation_id: conversationId })
  }

  /** Ask again what writing there costs and whether it is allowed. */
  async refreshQuote(conversationId: string): Promise<void> {
    const quoted = await this.request({ t: 'quote', conversation_id: conversationId })
    if (quoted.t !== 'quoted') return
    this.set({ quotes: { ...this.state.quotes, [conversationId]: quoted } })
    this.setBalance(quoted.balance_cents)
  }

  async refreshWallet(): Promise<void> {
    const wallet = await this.options.loadWallet()
    if (wallet) this.set({ wallet })
  }

  caughtUp(): void {
    void this.refreshWallet()
    this.options.onCaughtUp()
    void this.outbox.drain()
  }

  private onStatus(status: Status): void {
    this.set({ status })
    if (status.kind !== 'open') this.sync.lost()
  }

  private receive(frame: ServerFrame): void {
    if (frame.t === 'welcome') {
      setServerTime(frame.server_time)
      this.set({ limits: frame.limits })
      void this.sync.connected()
    }
    this.frames.push(frame)
    if (this.flushing) return
    this.flushing = true
    // One render for all frames of one picture; hidden tabs draw no pictures, so a timer there.
    if (document.visibilityState === 'hidden') setTimeout(() => this.flush(), 50)
    else requestAnimationFrame(() => this.flush())
  }

  /** Apply what has arrived. Called by itself once per picture, and before a page is merged. */
  flush(): void {
    this.flushing = false
    const frames = this.frames
    this.frames = []
    if (frames.length === 0) return
    const at = new Date(serverNow()).toISOString()
    for (const frame of frames) this.take(frame, at)
    for (const frame of frames) for (const observer of this.observers) observer(frame)
  }

  private take(frame: ServerFrame, at: string): void {
    if (frame.t === 'wallet_changed') {
      const { balance_cents: balanceCents, reserved_cents: reservedCents } = frame
      return this.set({ wallet: { balanceCents, reservedCents } })
    }
    if (frame.t === 'pong') return setServerTime(frame.server_time)
    if (frame.t === 'media_unlocked') {
      for (const log of Object.values(this.state.logs)) this.applyTo(log, frame, at)
      return
    }
    if (!('conversation_id' in frame) || frame.t === 'history_page' || frame.t === 'quoted') return
    const id = frame.conversation_id
    if (frame.t === 'presence' && frame.account_id !== this.accountId) {
      const presence = { online: frame.online, at: frame.at }
      return this.set({ presence: { ...this.state.presence, [id]: presence } })
    }
    if (frame.t === 'typing') return this.showTyping(id, frame.account_id)
    if (frame.t === 'price_changed' && this.role === 'fan') void this.refreshQuote(id)
    if ('client_id' in frame && frame.client_id) this.outbox.settle(frame.client_id)
    const log = this.state.logs[id]
    if (log) this.applyTo(log, frame, at)
  }

  private applyTo(log: Log, frame: ServerFrame, at: string): void {
    const next = apply(log, frame, at, this.accountId)
    if (next === log) return
    if (frame.t === 'message_delivered') this.showTyping(log.conversationId, null)
    this.putLog(next)
    this.sync.check(next.conversationId)
  }

  private showTyping(conversationId: string, accountId: string | null): void {
    if (accountId === this.accountId) return
    clearTimeout(this.typingTimers.get(conversationId))
    const shown = accountId !== null
    if (shown === (this.state.typing[conversationId] ?? false) && !shown) return
    this.set({ typing: { ...this.state.typing, [conversationId]: shown } })
    if (!shown) return
    const hide = () => this.showTyping(conversationId, null)
    this.typingTimers.set(conversationId, setTimeout(hide, TYPING_SHOWN_MS))
  }

  /** The receipt of an own send: a held one takes its place among the unnumbered. */
  private onReceipt(item: OutboxItem, receipt: Receipt): void {
    this.setBalance(receipt.balance_cents)
    const log = this.log(item.conversationId)
    if (receipt.state === 'delivered') {
      const arrived = log.messages.some((message) => message.client_id === item.clientId)
      if (arrived) this.outbox.settle(item.clientId)
      return
    }
    if (!receipt.message_id) return
    this.putLog(
      addPending(log, {
        message_id: receipt.message_id,
        client_id: item.clientId,
        state: receipt.state,
        body: item.body,
        sent_at: receipt.sent_at ?? new Date(item.createdMs).toISOString(),
        after_seq: log.lastSeq,
        decide_before: receipt.decide_before,
        price_cents: receipt.charged_cents ?? 0,
      }),
    )
    this.outbox.settle(item.clientId)
  }

  private setBalance(balanceCents: number | null | undefined): void {
    if (balanceCents == null || this.role !== 'fan') return
    const reservedCents = this.state.wallet?.reservedCents ?? 0
    this.set({ wallet: { balanceCents, reservedCents } })
  }

  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change }
    for (const listener of this.listeners) listener()
  }
}

/** Work under a lock that all tabs of this browser share; without locks, simply work. */
function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = (navigator as { locks?: LockManager }).locks
  return locks ? (locks.request(name, work) as Promise<T>) : work()
}
