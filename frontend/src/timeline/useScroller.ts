/** Where a timeline stands: follows the bottom, keeps a reader in place, tells what was read. */
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type RefObject,
  type UIEvent,
} from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { Entry } from './entries'

const FOLLOW_PX = 48
const NEAR_TOP_PX = 400

interface Wanted {
  entries: readonly Entry[]
  plain: boolean
  hasOlder?: boolean
  atNewest?: boolean
  newer?: number
  onOlder?: () => void
  onNewest?: () => Promise<unknown>
  onRead?: (seq: number) => void
}

export interface Scroller {
  /** The last change put older rows first: virtua then keeps its distance to the end. */
  prepended: boolean
  /** The bottom is out of sight: offer the jump. */
  away: boolean
  missed: number
  onScroll: (event: UIEvent<HTMLElement>) => void
  onResize: () => void
  jump: () => Promise<void>
}

/** The refs of the box and of the virtual list, and where they stand. */
export function useScroller(
  wanted: Wanted,
): [RefObject<HTMLDivElement | null>, RefObject<VirtualizerHandle | null>, Scroller] {
  const { entries, atNewest = true, newer = 0 } = wanted
  const element = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const follow = useRef(true)
  const opened = useRef(false)
  const markerSeen = useRef(false)
  const [away, setAway] = useState(false)
  const [leftAt, setLeftAt] = useState(0)
  const prepended = usePrepended(entries)
  const lastSeq = lastSeqOf(entries)

  const toBottom = useCallback(() => {
    follow.current = true
    const box = element.current
    if (!box) return
    list.current?.scrollToIndex(entries.length - 1, { align: 'end' })
    if (!list.current) box.scrollTop = box.scrollHeight
  }, [entries.length])

  const toMarker = useCallback((): boolean => {
    const index = entries.findIndex((entry) => entry.unread)
    if (index < 0) return false
    follow.current = false
    if (list.current) list.current.scrollToIndex(index, { align: 'start' })
    else element.current?.querySelector('[data-unread]')?.scrollIntoView({ block: 'start' })
    return true
  }, [entries])

  const ownLast = lastOwnUnsent(entries)
  const sent = useRef(ownLast)
  useLayoutEffect(() => {
    if (entries.length === 0) return
    if (!opened.current) {
      opened.current = true
      if (!toMarker()) toBottom()
      return
    }
    if (ownLast && ownLast !== sent.current) follow.current = true // T4
    sent.current = ownLast
    if (follow.current) toBottom()
  }, [entries, ownLast, toBottom, toMarker])

  const { onRead } = wanted
  const tellRead = useCallback(() => {
    if (!onRead || document.visibilityState !== 'visible' || !document.hasFocus()) return
    const seq = lastSeenSeq(element.current)
    if (seq > 0) onRead(seq)
  }, [onRead])
  useEffect(() => {
    const frame = requestAnimationFrame(tellRead)
    addEventListener('focus', tellRead)
    document.addEventListener('visibilitychange', tellRead)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('focus', tellRead)
      document.removeEventListener('visibilitychange', tellRead)
    }
  }, [entries, tellRead])

  const onScroll = (event: UIEvent<HTMLElement>) => {
    const box = event.currentTarget
    const below = box.scrollHeight - box.scrollTop - box.clientHeight
    follow.current = below < FOLLOW_PX
    if (follow.current !== !away) {
      setAway(!follow.current)
      setLeftAt(lastSeq)
    }
    if (element.current?.querySelector('[data-unread]')) markerSeen.current = true
    if (!wanted.plain && wanted.hasOlder && box.scrollTop < NEAR_TOP_PX) wanted.onOlder?.()
    tellRead()
  }
  const onResize = useCallback(() => {
    if (follow.current) toBottom()
  }, [toBottom])
  const { plain } = wanted
  useEffect(() => {
    if (!plain || !element.current) return // virtua watches its own box
    const observer = new ResizeObserver(onResize)
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [plain, onResize])
  const jump = async () => {
    if (!markerSeen.current) {
      markerSeen.current = true
      if (toMarker()) return
    }
    if (!atNewest) await wanted.onNewest?.()
    toBottom()
  }
  const scroller: Scroller = {
    prepended,
    away: away || !atNewest,
    missed: newer + (away ? Math.max(0, lastSeq - leftAt) : 0),
    onScroll,
    onResize,
    jump,
  }
  return [element, list, scroller]
}

/** Whether the last change put rows before those that were known. */
function usePrepended(entries: readonly Entry[]): boolean {
  const first = entries[0]?.key
  const { length } = entries
  const [known, setKnown] = useState({ first, length, prepended: false })
  if (known.first === first && known.length === length) return known.prepended
  const at = known.first === undefined ? -1 : entries.findIndex(({ key }) => key === known.first)
  setKnown({ first, length, prepended: at > 0 })
  return at > 0
}

function lastSeqOf(entries: readonly Entry[]): number {
  const last = entries.findLast((entry) => entry.kind === 'bubble' && entry.bubble.seq)
  return last?.kind === 'bubble' ? (last.bubble.seq ?? 0) : 0
}

function lastOwnUnsent(entries: readonly Entry[]): string | undefined {
  const last = entries.at(-1)
  return last?.kind === 'bubble' && last.bubble.source.kind === 'outbox' ? last.key : undefined
}

/** The highest number whose row ends inside the box. */
function lastSeenSeq(box: HTMLElement | null): number {
  if (!box) return 0
  const floor = box.getBoundingClientRect().bottom + 1
  const rows = [...box.querySelectorAll<HTMLElement>('[data-seq]')]
  const seen = rows.findLast((row) => row.getBoundingClientRect().bottom <= floor)
  return Number(seen?.dataset.seq ?? 0)
}
