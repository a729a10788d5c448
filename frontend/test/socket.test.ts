import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ANSWER_TIMEOUT_MS, Socket, type Status } from '../src/core/socket'
import type { ServerFrame } from '../src/gen/protocol'

/** The far end of a line: what the client wrote, and what to tell it. */
class Line {
  static all: Line[] = []
  static get last(): Line {
    return Line.all.at(-1)!
  }
  sent: { t: string; r: string }[] = []
  closed = false
  binaryType = ''
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor() {
    Line.all.push(this)
  }
  send(data: string): void {
    this.sent.push(JSON.parse(data) as { t: string; r: string })
  }
  close(): void {
    this.closed = true
  }
  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  end(code: number): void {
    this.onclose?.({ code })
  }
}

const WELCOME = { t: 'welcome', server_time: '2026-03-02T09:00:00.000Z' }
let alive: boolean | null
let statuses: Status[]
let frames: ServerFrame[]
let bugs: string[]
let socket: Socket

beforeEach(() => {
  vi.useFakeTimers()
  Line.all = []
  ;[alive, statuses, frames, bugs] = [true, [], [], []]
  socket = new Socket({
    url: 'ws://x/ws', wire: 'json', random: () => 1,
    sessionAlive: () => Promise.resolve(alive),
    onFrame: (frame) => frames.push(frame), onStatus: (status) => statuses.push(status),
    onBug: (bug) => bugs.push(bug), open: () => new Line() as unknown as WebSocket,
  }) // prettier-ignore
  socket.start()
})
afterEach(() => {
  socket.stop()
  vi.useRealTimers()
})

describe('a request', () => {
  it('resolves with the answer that echoes its id, in any order', async () => {
    Line.last.tell(WELCOME)
    const first = socket.request({ t: 'quote', conversation_id: 'a' })
    const second = socket.request({ t: 'quote', conversation_id: 'b' })
    const [a, b] = Line.last.sent
    Line.last.tell({ t: 'quoted', r: b!.r, conversation_id: 'b' })
    Line.last.tell({ t: 'refused', r: a!.r, code: 'not_found', detail: '' })
    expect(await first).toMatchObject({ t: 'refused', code: 'not_found' })
    expect(await second).toMatchObject({ t: 'quoted', conversation_id: 'b' })
  })

  it('is unanswered after ten seconds, when the line drops, and while there is none', async () => {
    expect(await socket.request({ t: 'ping' })).toEqual({ t: 'unanswered' })
    Line.last.tell(WELCOME)
    const slow = socket.request({ t: 'ping' })
    await vi.advanceTimersByTimeAsync(ANSWER_TIMEOUT_MS)
    expect(await slow).toEqual({ t: 'unanswered' })
    const cut = socket.request({ t: 'ping' })
    Line.last.end(1006)
    expect(await cut).toEqual({ t: 'unanswered' })
  })
})

describe('a lost line', () => {
  it('is tried again after 0.5 s, doubling up to 30 s, and at once after a success', async () => {
    for (const wait of [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]) {
      const tries = Line.all.length
      Line.last.end(1006)
      await vi.advanceTimersByTimeAsync(wait - 1)
      expect(Line.all.length).toBe(tries)
      await vi.advanceTimersByTimeAsync(1)
      expect(Line.all.length).toBe(tries + 1)
    }
    Line.last.tell(WELCOME)
    Line.last.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    expect(Line.all.length).toBe(10)
  })

  it('before a welcome asks whether the session lives, and stops when it does not', async () => {
    alive = false
    Line.last.end(1006)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(socket.status).toEqual({ kind: 'signed_out' })
    expect(Line.all.length).toBe(1)
  })

  it('goes on trying when nobody can tell', async () => {
    alive = null
    Line.last.end(1006)
    await vi.advanceTimersByTimeAsync(500)
    expect(Line.all.length).toBe(2)
  })

  it('is noticed after two pings without an answer', async () => {
    Line.last.tell(WELCOME)
    const line = Line.last
    await vi.advanceTimersByTimeAsync(25_000 + 25_000 + ANSWER_TIMEOUT_MS)
    expect(line.sent.filter((frame) => frame.t === 'ping').length).toBe(2)
    expect(line.closed).toBe(true)
  })
})

describe('down means down', () => {
  it('an offline browser closes the line itself, and opens a new one when it is back', () => {
    Line.last.tell(WELCOME)
    const line = Line.last
    dispatchEvent(new Event('offline'))
    expect(line.closed).toBe(true)
    expect(socket.status.kind).toBe('offline')
    dispatchEvent(new Event('online'))
    expect(Line.all.length).toBe(2)
  })

  it('a page hidden for ten minutes sleeps, and wakes when shown', async () => {
    Line.last.tell(WELCOME)
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    document.dispatchEvent(new Event('visibilitychange'))
    const answering = setInterval(() => {
      const ping = Line.last.sent.at(-1)
      if (ping) Line.last.tell({ t: 'pong', r: ping.r, server_time: '' })
    }, 1_000)
    await vi.advanceTimersByTimeAsync(600_000)
    clearInterval(answering)
    expect(socket.status.kind).toBe('asleep')
    visibility.mockReturnValue('visible')
    document.dispatchEvent(new Event('visibilitychange'))
    expect(Line.all.length).toBe(2)
  })
})

describe('a closing code', () => {
  it.each([
    [4401, 'signed_out'],
    [4403, 'suspended'],
  ])('%i is the end: %s', async (code, kind) => {
    Line.last.tell(WELCOME)
    Line.last.end(code)
    await vi.advanceTimersByTimeAsync(120_000)
    dispatchEvent(new Event('online'))
    expect(socket.status.kind).toBe(kind)
    expect(Line.all.length).toBe(1)
  })

  it('4409 is a bug of ours: logged, and a minute of silence', async () => {
    Line.last.tell(WELCOME)
    Line.last.end(4409)
    expect(bugs).toEqual(['closed for abuse'])
    await vi.advanceTimersByTimeAsync(59_999)
    expect(Line.all.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(Line.all.length).toBe(2)
  })

  it('after session_closing waits as told', async () => {
    Line.last.tell(WELCOME)
    Line.last.tell({ t: 'session_closing', reason: 'deploy', retry_after_ms: 7_000 })
    Line.last.end(1012)
    await vi.advanceTimersByTimeAsync(6_999)
    expect(Line.all.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(Line.all.length).toBe(2)
  })
})

it('an unreadable frame is logged and changes nothing', () => {
  Line.last.tell(WELCOME)
  Line.last.onmessage?.({ data: '{' })
  expect(bugs).toEqual(['unreadable frame'])
  expect(socket.status.kind).toBe('open')
})
