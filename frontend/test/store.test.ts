import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryDisk } from '../src/core/disk'
import { rowsOf } from '../src/core/rows'
import { Store } from '../src/core/store'

type Sent = { t: string; r: string; [field: string]: unknown }
const AT = '2026-03-02T09:00:00.000Z'
const WELCOME = { t: 'welcome', server_time: AT, limits: {} }

/** A server on the other end: `answers` by command, everything written in `sent`. */
class Server {
  sent: Sent[] = []
  answers: Record<string, (command: Sent) => object | null> = {
    history: () => this.page(),
    resume: () => ({ t: 'resumed', complete: true }),
    quote: () => ({ t: 'quoted', allowed: true, price_cents: 200, balance_cents: 1800 }),
    ping: () => ({ t: 'pong', server_time: AT }),
  }
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  send(data: string): void {
    const command = JSON.parse(data) as Sent
    this.sent.push(command)
    const answer = this.answers[command.t]?.(command)
    const { r, conversation_id } = command
    if (answer) queueMicrotask(() => this.tell({ r, conversation_id, ...answer }))
  }
  close(): void {}
  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  page(messages: object[] = [], more: object = {}): object {
    return {
      t: 'history_page', messages, lines: [], pending: [], last_seq: messages.length,
      has_more: false, own_read_seq: 0, other_read_seq: 0, ...more,
    } // prettier-ignore
  }
  count(t: string): number {
    return this.sent.filter((command) => command.t === t).length
  }
}

const delivered = (seq: number, more: object = {}) => ({
  t: 'message_delivered', conversation_id: 'c', seq, message_id: `m${seq}`, sender_id: 'x',
  author_kind: 'in_person', body: 'b', sent_at: AT, delivered_at: AT, ...more,
}) // prettier-ignore

let servers: Server[]
let store: Store
const server = () => servers.at(-1)!
const caughtUp = vi.fn()

beforeEach(async () => {
  vi.useFakeTimers()
  servers = []
  caughtUp.mockReset()
  store = new Store({
    accountId: 'me', role: 'fan', disk: memoryDisk(), url: 'ws://x', wire: 'json',
    random: () => 0, sessionAlive: () => Promise.resolve(true), onCaughtUp: caughtUp,
    loadWallet: () => Promise.resolve({ balanceCents: 2000, reservedCents: 0 }),
    onBug: (what) => { throw new Error(what) },
    open: () => {
      servers.push(new Server())
      return server() as unknown as WebSocket
    },
  }) // prettier-ignore
  await store.start()
})
afterEach(() => {
  store.stop()
  vi.useRealTimers()
})

const settle = (ms = 50) => vi.advanceTimersByTimeAsync(ms)
async function open(): Promise<void> {
  store.sync.watch('c')
  server().tell(WELCOME)
  await settle()
}

describe('an open conversation', () => {
  it('is loaded with its price, and hears what happens', async () => {
    await open()
    server().tell(delivered(1))
    await settle()
    expect(store.log('c').messages).toHaveLength(1)
    expect(store.state.quotes.c?.price_cents).toBe(200)
    expect(store.state.wallet).toEqual({ balanceCents: 1800, reservedCents: 0 })
    expect(caughtUp).toHaveBeenCalledTimes(1)
  })

  it('asks for what it missed when it is welcomed again on the same socket', async () => {
    await open()
    server().tell(delivered(1))
    await settle()
    server().tell(WELCOME)
    await settle()
    expect(server().sent.filter((command) => command.t === 'resume')).toMatchObject([
      { cursors: [{ conversation_id: 'c', seq: 1 }] },
    ])
    expect(servers).toHaveLength(1)
  })

  it('keeps a message that arrives while its first page is on the way', async () => {
    server().answers.history = () => null
    await open()
    server().tell(delivered(1))
    await settle()
    const asked = server().sent.find((command) => command.t === 'history')
    server().tell({ r: asked?.r, conversation_id: 'c', ...server().page() })
    await settle()
    expect(store.log('c').messages.map((message) => message.seq)).toEqual([1])
  })

  it('asks again for a first page that a busy server refused', async () => {
    const answer = server().answers.history
    server().answers.history = () => ({ t: 'refused', code: 'busy', detail: '' })
    await open()
    expect(store.log('c').window).toBe('empty')
    if (answer) server().answers.history = answer
    await settle(1_100)
    expect(store.log('c').window).toBe('ready')
  })

  it('after a lost line resumes from its last number, then lets queued messages go', async () => {
    await open()
    server().tell(delivered(1))
    await settle()
    server().onclose?.({ code: 1006 })
    void store.outbox.send('c', { body: 'hi', maxPriceCents: 200 })
    await settle()
    server().tell(WELCOME)
    await settle()
    const commands = server().sent.map((command) => command.t)
    expect(server().sent[0]).toMatchObject({
      t: 'resume',
      cursors: [{ conversation_id: 'c', seq: 1 }],
    })
    expect(commands.indexOf('send_message')).toBeGreaterThan(commands.indexOf('resume'))
  })
})

describe('a hole', () => {
  it('is closed by one resume', async () => {
    await open()
    server().answers.resume = () => {
      server().tell(delivered(1))
      server().tell(delivered(2))
      return { t: 'resumed', complete: true }
    }
    server().tell(delivered(3))
    await settle(200)
    expect(store.log('c').messages.map((message) => message.seq)).toEqual([1, 2, 3])
    expect(server().count('resume')).toBe(1)
    expect(store.sync.resyncFailed).toBe(0)
  })

  it('that is never filled costs one resume and one page a minute at most, and writing goes on', async () => {
    await open()
    server().answers.resume = () => ({ t: 'resumed', complete: false })
    let seq = 3
    const noise = setInterval(() => server().tell(delivered(seq++)), 500)
    await settle(10 * 60_000)
    const before = { resume: server().count('resume'), history: server().count('history') }
    await settle(10 * 60_000)
    expect(server().count('resume') - before.resume).toBeLessThanOrEqual(10)
    expect(server().count('history') - before.history).toBeLessThanOrEqual(10)
    expect(servers).toHaveLength(1)
    server().answers.send_message = () => ({ t: 'receipt', state: 'delivered', message_id: 'mine' })
    await store.outbox.send('c', { body: 'hi', maxPriceCents: 0 })
    await settle()
    expect(server().count('send_message')).toBe(1)
    clearInterval(noise)
  })
})

describe('an own message', () => {
  const rows = () => rowsOf(store.log('c'), store.state.outbox)

  it.each(['receipt first', 'event first'])('keeps one row with one key: %s', async (order) => {
    await open()
    let answer: (() => void) | undefined
    server().answers.send_message = ({ r }) => {
      answer = () => server().tell({ t: 'receipt', r, state: 'delivered', message_id: 'm1', seq: 1, balance_cents: 1600 }) // prettier-ignore
      return null
    }
    const id = await store.outbox.send('c', { body: 'hi', maxPriceCents: 200 })
    await settle()
    const event = delivered(1, { client_id: id, sender_id: 'me' })
    if (order === 'receipt first') answer?.()
    else server().tell(event)
    await settle()
    expect(rows().map((row) => row.key)).toEqual([id])
    if (order === 'receipt first') server().tell(event)
    else answer?.()
    await settle()
    expect(rows()).toMatchObject([{ kind: 'message', key: id }])
    expect(store.state.outbox).toEqual([])
    expect(store.state.wallet?.balanceCents).toBe(1600)
  })

  it('that is held becomes a row of its own until a person decides', async () => {
    await open()
    server().answers.send_message = () => ({ t: 'receipt', state: 'held', message_id: 'm1', decide_before: AT }) // prettier-ignore
    const id = await store.outbox.send('c', { body: 'hi', maxPriceCents: 200 })
    await settle()
    expect(rows()).toMatchObject([
      { kind: 'pending', key: id, message: { state: 'held', body: 'hi' } },
    ])
    server().tell(delivered(1, { client_id: id, message_id: 'm1' }))
    await settle()
    expect(rows()).toMatchObject([{ kind: 'message', key: id }])
  })
})

it('the other side’s typing shows for six seconds, the own one never', async () => {
  await open()
  server().tell({ t: 'typing', conversation_id: 'c', account_id: 'me', at: AT })
  await settle()
  expect(store.state.typing.c ?? false).toBe(false)
  server().tell({ t: 'typing', conversation_id: 'c', account_id: 'other', at: AT })
  await settle()
  expect(store.state.typing.c).toBe(true)
  await settle(6_000)
  expect(store.state.typing.c).toBe(false)
})
