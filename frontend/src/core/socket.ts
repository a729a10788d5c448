/** The one socket of a tab (S1, S2): open, back off, heartbeat, and `request(command) -> answer`. */
import { CLOSE_ABUSE, CLOSE_SESSION_OVER, CLOSE_SUSPENDED } from '../gen/protocol'
import type { ClientFrame, Pong, Quoted, Receipt, Refused, Resumed } from '../gen/protocol'
import type { HistoryPage, ServerFrame } from '../gen/protocol'
import { SUBPROTOCOL, decode, encode, type Wire } from './codec'

export const ANSWER_TIMEOUT_MS = 10_000
const PING_EVERY_MS = 25_000
const MISSED_PINGS = 2
const BACKOFF_MS = 500
const BACKOFF_MAX_MS = 30_000
const ABUSE_WAIT_MS = 60_000
const HIDDEN_CLOSE_MS = 600_000

type Unkeyed<F> = F extends { r: string } ? Omit<F, 'r'> : never
/** A command without its request id, which the socket gives. */
export type Ask = Unkeyed<ClientFrame>
/** Neither yes nor no came back: the command may or may not have been carried out. */
export interface Unanswered {
  t: 'unanswered'
}
type Answers = {
  history: HistoryPage
  resume: Resumed
  quote: Quoted
  ping: Pong
}
export type AnswerTo<A extends Ask> =
  (A['t'] extends keyof Answers ? Answers[A['t']] : Receipt) | Refused | Unanswered

export type Status =
  | { kind: 'connecting' | 'open' | 'asleep' | 'offline' | 'signed_out' | 'suspended' }
  | { kind: 'waiting'; untilMs: number }

export interface SocketOptions {
  url: string
  wire: Wire
  /** Whether the session still lives; null when nobody can tell (no network). */
  sessionAlive: () => Promise<boolean | null>
  onFrame: (frame: ServerFrame) => void
  onStatus: (status: Status) => void
  /** Our own mistakes: an unreadable frame, a closing for abuse. Never message text. */
  onBug: (what: string) => void
  open?: (url: string, protocol: string) => WebSocket
  random?: () => number
}

interface Pending {
  resolve: (answer: ServerFrame | Unanswered) => void
  timer: ReturnType<typeof setTimeout>
}

export class Socket {
  status: Status = { kind: 'offline' }
  private socket: WebSocket | null = null
  private attempts = 0
  private missed = 0
  private requests = 0
  private retryAfterMs: number | null = null
  private welcomed = false
  private readonly pending = new Map<string, Pending>()
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private pingTimer: ReturnType<typeof setInterval> | undefined
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: SocketOptions) {}

  /** Connect, and stay so until `stop`. */
  start(): void {
    addEventListener('offline', this.onOffline)
    addEventListener('online', this.onOnline)
    document.addEventListener('visibilitychange', this.onVisibility)
    this.connect()
  }

  /** Close for good: signing out, or the page is leaving. */
  stop(): void {
    removeEventListener('offline', this.onOffline)
    removeEventListener('online', this.onOnline)
    document.removeEventListener('visibilitychange', this.onVisibility)
    clearTimeout(this.hiddenTimer)
    this.hangUp()
    this.setStatus({ kind: 'offline' })
  }

  /** Send a command; resolves with its answer, or `unanswered` after 10 s or when the line drops. */
  request<A extends Ask>(ask: A): Promise<AnswerTo<A>> {
    if (this.status.kind !== 'open') return Promise.resolve({ t: 'unanswered' })
    const r = this.nextRequest()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(r, { t: 'unanswered' }), ANSWER_TIMEOUT_MS)
      this.pending.set(r, { resolve: resolve as Pending['resolve'], timer })
      this.write({ ...ask, r })
    })
  }

  /** Send a hint that has no answer (`mark_read`, `typing`); dropped when the line is down. */
  tell(ask: Extract<Ask, { t: 'mark_read' | 'typing' }>): void {
    if (this.status.kind === 'open') this.write({ ...ask, r: this.nextRequest() })
  }

  private nextRequest(): string {
    this.requests += 1
    return this.requests.toString(36)
  }

  private write(frame: ClientFrame): void {
    this.socket?.send(encode(frame, this.options.wire))
  }

  private connect(): void {
    clearTimeout(this.retryTimer)
    if (this.socket) return
    this.setStatus({ kind: 'connecting' })
    const open =
      this.options.open ?? ((url: string, protocol: string) => new WebSocket(url, protocol))
    const socket = open(this.options.url, SUBPROTOCOL[this.options.wire])
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    this.welcomed = false
    socket.onmessage = (message: MessageEvent<ArrayBuffer | string>) => this.receive(message.data)
    socket.onclose = (event) => {
      if (this.socket === socket) void this.closed(event.code)
    }
  }

  private receive(data: ArrayBuffer | string): void {
    let frame: ServerFrame
    try {
      frame = decode(data)
    } catch {
      this.options.onBug('unreadable frame')
      return
    }
    if (frame.t === 'welcome') this.opened()
    if (frame.t === 'session_closing') this.retryAfterMs = frame.retry_after_ms
    this.options.onFrame(frame)
    if ('r' in frame) this.settle(frame.r, frame)
  }

  private opened(): void {
    this.welcomed = true
    this.attempts = 0
    this.missed = 0
    clearInterval(this.pingTimer)
    this.pingTimer = setInterval(() => void this.ping(), PING_EVERY_MS)
    this.setStatus({ kind: 'open' })
  }

  private async ping(): Promise<void> {
    const socket = this.socket
    const answer = await this.request({ t: 'ping' })
    if (socket !== this.socket) return
    this.missed = answer.t === 'unanswered' ? this.missed + 1 : 0
    if (this.missed >= MISSED_PINGS) this.drop()
  }

  private settle(r: string, answer: ServerFrame | Unanswered): void {
    const waiting = this.pending.get(r)
    if (!waiting) return
    clearTimeout(waiting.timer)
    this.pending.delete(r)
    waiting.resolve(answer)
  }

  /** Let go of the present socket; every request in flight is unanswered. */
  private hangUp(): void {
    clearTimeout(this.retryTimer)
    clearInterval(this.pingTimer)
    const socket = this.socket
    this.socket = null
    socket?.close()
    for (const r of [...this.pending.keys()]) this.settle(r, { t: 'unanswered' })
  }

  private drop(): void {
    this.hangUp()
    this.retryIn(this.backoff())
  }

  private async closed(code: number): Promise<void> {
    const refused = !this.welcomed
    this.hangUp()
    if (code === CLOSE_SESSION_OVER) return this.setStatus({ kind: 'signed_out' })
    if (code === CLOSE_SUSPENDED) return this.setStatus({ kind: 'suspended' })
    if (code === CLOSE_ABUSE) {
      this.options.onBug('closed for abuse')
      return this.retryIn(ABUSE_WAIT_MS)
    }
    const wait = this.retryAfterMs ?? this.backoff()
    this.retryAfterMs = null
    this.retryIn(wait)
    // A refused handshake looks like any lost line: ask once before insisting.
    if (refused && (await this.options.sessionAlive()) === false && !this.socket) {
      clearTimeout(this.retryTimer)
      this.setStatus({ kind: 'signed_out' })
    }
  }

  private backoff(): number {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this.attempts)
    this.attempts += 1
    return ceiling * (this.options.random ?? Math.random)()
  }

  private retryIn(ms: number): void {
    if (!navigator.onLine) return this.setStatus({ kind: 'offline' })
    this.setStatus({ kind: 'waiting', untilMs: Date.now() + ms })
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => this.connect(), ms)
  }

  private setStatus(status: Status): void {
    this.status = status
    this.options.onStatus(status)
  }

  private over(): boolean {
    return this.status.kind === 'signed_out' || this.status.kind === 'suspended'
  }

  private readonly onOffline = () => {
    if (this.over()) return
    this.hangUp()
    this.setStatus({ kind: 'offline' })
  }

  private readonly onOnline = () => {
    if (!this.over() && !this.socket) this.connect()
  }

  private readonly onVisibility = () => {
    clearTimeout(this.hiddenTimer)
    if (document.visibilityState === 'hidden') {
      this.hiddenTimer = setTimeout(() => this.sleep(), HIDDEN_CLOSE_MS)
    } else if (!this.socket && !this.over() && navigator.onLine) {
      this.connect()
    }
  }

  private sleep(): void {
    if (this.over()) return
    this.hangUp()
    this.setStatus({ kind: 'asleep' })
  }
}
