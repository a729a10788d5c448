/** Which conversations are open, how they are loaded, and how holes are filled (S3, S4, S6). */
import { HISTORY_MAX, RESUME_MAX_CURSORS } from '../gen/protocol'
import type { HistoryPage } from '../gen/protocol'
import { applyAround, applyNewer, applyNewest, applyOlder, applyRefresh, hasGap } from './log'
import type { Log } from './log'
import type { Store } from './store'

export const PAGE = 50
const HOLD_OFF_MS = 1_000
const HOLD_OFF_MAX_MS = 60_000

type Merge = (log: Log, page: HistoryPage) => Log

export class Sync {
  /** Caught up after a (re)connection: queued messages may leave. */
  ready = false
  /** How often a hole had to be closed by loading the newest page. */
  resyncFailed = 0
  private readonly watched = new Map<string, number>()
  private readonly loading = new Set<string>()
  private readonly repairing = new Set<string>()
  private readonly holdOff = new Map<string, number>()
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()
  private connection = 0

  constructor(private readonly store: Store) {}

  /** A conversation is on the screen from now on; the newest page is loaded. Returns how to leave. */
  watch(conversationId: string): () => void {
    this.watched.set(conversationId, (this.watched.get(conversationId) ?? 0) + 1)
    this.store.putLog(this.store.log(conversationId)) // what happens before the page is kept
    if (this.online && this.store.log(conversationId).window === 'empty') this.first(conversationId)
    return () => {
      const left = (this.watched.get(conversationId) ?? 1) - 1
      if (left > 0) this.watched.set(conversationId, left)
      else this.watched.delete(conversationId)
    }
  }

  /** A new connection: resume what is open, load the rest again when it is next opened. */
  async connected(): Promise<void> {
    const connection = ++this.connection
    this.store.dropLogs((id) => this.watched.has(id))
    const known = [...this.watched.keys()].filter((id) => this.store.log(id).window === 'ready')
    const empty = [...this.watched.keys()].filter((id) => !known.includes(id))
    const complete = await this.resumeAll(known)
    if (connection !== this.connection) return
    this.ready = true
    this.store.caughtUp()
    for (const id of empty) this.first(id)
    for (const id of known) void (complete ? this.refresh(id) : this.newest(id))
  }

  /** The line went: nothing leaves until the next connection has caught up. */
  lost(): void {
    this.connection += 1
    this.ready = false
    this.repairing.clear()
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
  }

  /** Load the page before the window, if there is one. */
  async older(conversationId: string): Promise<void> {
    const log = this.store.log(conversationId)
    const first = log.messages[0]
    if (log.hasOlder && first) await this.page(conversationId, 'older', first.seq, PAGE, applyOlder)
  }

  /** Load the page after a window that is not at the newest part. */
  async newer(conversationId: string): Promise<void> {
    const log = this.store.log(conversationId)
    const last = log.messages.at(-1)
    if (log.atNewest || !last) return
    await this.page(conversationId, 'newer', last.seq + PAGE + 1, PAGE, applyNewer)
  }

  /** Replace the window by the newest page. */
  async newest(conversationId: string): Promise<boolean> {
    return this.page(conversationId, 'newest', undefined, PAGE, applyNewest)
  }

  /** Replace the window by one around a message, for links and search results. */
  async around(conversationId: string, seq: number): Promise<boolean> {
    return this.page(conversationId, 'around', seq + PAGE / 2 + 1, PAGE, applyAround)
  }

  /** After events were applied: a hole is asked for once, and never in a loop. */
  check(conversationId: string): void {
    if (!hasGap(this.store.log(conversationId)) || !this.ready) return
    if (this.repairing.has(conversationId) || this.timers.has(conversationId)) return
    void this.repair(conversationId)
  }

  private get online(): boolean {
    return this.store.state.status.kind === 'open'
  }

  private first(conversationId: string): void {
    void this.insist(conversationId)
    if (this.store.role === 'fan') void this.store.refreshQuote(conversationId)
  }

  /** The first page may be refused by a busy server: asked again, ever more rarely. */
  private async insist(conversationId: string): Promise<void> {
    const loaded = await this.newest(conversationId)
    if (loaded) this.holdOff.delete(conversationId)
    else if (this.awaited(conversationId)) this.wait(conversationId)
  }

  private awaited(conversationId: string): boolean {
    const empty = this.store.log(conversationId).window === 'empty'
    return empty && this.online && this.watched.has(conversationId)
  }

  private async resumeAll(ids: string[]): Promise<boolean> {
    let complete = true
    for (let from = 0; from < ids.length; from += RESUME_MAX_CURSORS) {
      const cursors = ids
        .slice(from, from + RESUME_MAX_CURSORS)
        .map((id) => ({ conversation_id: id, seq: this.store.log(id).lastSeq }))
      const answer = await this.store.request({ t: 'resume', cursors })
      complete &&= answer.t === 'resumed' && answer.complete
    }
    this.store.flush()
    return complete
  }

  private async repair(conversationId: string): Promise<void> {
    const connection = this.connection
    this.repairing.add(conversationId)
    const complete = await this.resumeAll([conversationId])
    const closed = complete && !hasGap(this.store.log(conversationId))
    if (closed) {
      this.holdOff.delete(conversationId)
    } else if (connection === this.connection) {
      this.resyncFailed += 1
      await this.newest(conversationId)
      this.wait(conversationId)
    }
    this.repairing.delete(conversationId)
  }

  /** Before this conversation is asked for again: 1 s, doubling to a minute. */
  private wait(conversationId: string): void {
    if (this.timers.has(conversationId)) return
    const ms = this.holdOff.get(conversationId) ?? HOLD_OFF_MS
    this.holdOff.set(conversationId, Math.min(HOLD_OFF_MAX_MS, ms * 2))
    const timer = setTimeout(() => {
      this.timers.delete(conversationId)
      if (this.awaited(conversationId)) void this.insist(conversationId)
      else this.check(conversationId)
    }, ms)
    this.timers.set(conversationId, timer)
  }

  /** What happened to the messages of the window meanwhile: events without a number are not kept. */
  private async refresh(conversationId: string): Promise<void> {
    if (this.store.role === 'fan') void this.store.refreshQuote(conversationId)
    const log = this.store.log(conversationId)
    if (log.atNewest && log.messages.length <= PAGE) {
      await this.newest(conversationId)
      return
    }
    const first = log.messages[0]?.seq ?? 0
    let before = (log.messages.at(-1)?.seq ?? 0) + 1
    while (before > first && this.online) {
      const merged = await this.page(conversationId, 'refresh', before, HISTORY_MAX, applyRefresh)
      if (!merged) return
      before -= HISTORY_MAX
    }
  }

  private async page(
    conversationId: string,
    kind: string,
    before: number | undefined,
    limit: number,
    merge: Merge,
  ): Promise<boolean> /* prettier-ignore */ {
    const key = `${kind} ${conversationId}`
    if (this.loading.has(key)) return false
    this.loading.add(key)
    try {
      const ask = { t: 'history' as const, conversation_id: conversationId, limit }
      const answer = await this.store.request({ ...ask, before_seq: before })
      if (answer.t !== 'history_page') return false
      this.store.flush() // events that came first are joined into the page, not lost under it
      this.store.putLog(merge(this.store.log(conversationId), answer))
      for (const message of [...answer.messages, ...answer.pending]) {
        if (message.client_id) this.store.outbox.settle(message.client_id)
      }
      this.check(conversationId)
      return true
    } finally {
      this.loading.delete(key)
    }
  }
}
