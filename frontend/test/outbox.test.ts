import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryDisk, openDisk } from '../src/core/disk'
import { CONSENT_MS, Outbox, type OutboxItem, type OutboxPort } from '../src/core/outbox'
import type { Receipt, Refused } from '../src/gen/protocol'

type Answer = Awaited<ReturnType<OutboxPort['request']>>
type Frame = Parameters<OutboxPort['request']>[0]

const receipt: Receipt = {
  t: 'receipt',
  r: '1',
  state: 'delivered',
  replay: false,
  message_id: 'm',
  seq: 1,
}
const refused = (code: string, more: object = {}): Refused => ({
  t: 'refused', r: '1', code, detail: '', ...more,
}) // prettier-ignore

function bench(answer: (frame: Frame) => Answer | Promise<Answer>, disk = memoryDisk()) {
  const world = {
    now: 1_000_000,
    online: true,
    frames: [] as Frame[],
    waited: [] as number[],
    kept: true,
  }
  const outbox = new Outbox({
    disk,
    request: async (frame) => {
      world.frames.push(frame)
      world.kept &&= (await disk.items()).some((item) => item.clientId === frame.client_id)
      return answer(frame)
    },
    ready: () => world.online,
    onChange: () => undefined,
    onReceipt: (item) => outbox.settle(item.clientId),
    now: () => world.now++,
    wait: (ms) => {
      world.waited.push(ms)
      return Promise.resolve()
    },
  })
  return { outbox, world, disk }
}

const idle = async (outbox: Outbox) => {
  for (let i = 0; i < 60; i++) await Promise.resolve()
  await outbox.drain()
}
const hello = { body: 'hello', maxPriceCents: 200 }

describe('a press', () => {
  it('is on disk before its frame leaves, and gone after the receipt', async () => {
    const { outbox, world, disk } = bench(() => receipt)
    await outbox.send('c', hello)
    await idle(outbox)
    expect(world.kept).toBe(true)
    expect(world.frames).toMatchObject([{ body: 'hello', max_price_cents: 200 }])
    expect(await disk.items()).toEqual([])
    expect(outbox.items).toEqual([])
  })

  it('waits while there is no line, and goes at the price it was pressed at', async () => {
    const { outbox, world } = bench(() => receipt)
    world.online = false
    await outbox.send('c', hello)
    await idle(outbox)
    expect(world.frames).toEqual([])
    expect(outbox.items).toMatchObject([{ status: 'queued', maxPriceCents: 200 }])
    world.online = true
    await idle(outbox)
    expect(world.frames).toMatchObject([{ max_price_cents: 200 }])
  })

  it('sends first in first out, one in flight for each conversation', async () => {
    let flying = 0
    const { outbox, world } = bench(async () => {
      expect(++flying).toBe(1)
      await Promise.resolve()
      flying--
      return receipt
    })
    await Promise.all(['a', 'b', 'c'].map((body) => outbox.send('c', { ...hello, body })))
    await idle(outbox)
    expect(world.frames.map((frame) => frame.body)).toEqual(['a', 'b', 'c'])
  })
})

describe('a refusal', () => {
  it('price_changed asks for a new press; the new price is a new message', async () => {
    const answers: Answer[] = [refused('price_changed', { price_cents: 300 }), receipt]
    const { outbox, world } = bench(() => answers.shift() ?? receipt)
    const first = await outbox.send('c', hello)
    await idle(outbox)
    expect(outbox.items).toMatchObject([{ status: 'asking', refusal: { price_cents: 300 } }])
    const second = await outbox.retry(first, { maxPriceCents: 300 })
    await idle(outbox)
    expect(second).not.toBe(first)
    expect(world.frames.map((frame) => frame.max_price_cents)).toEqual([200, 300])
  })

  it('too_fast waits as told, three times, then fails', async () => {
    const { outbox, world } = bench(() => refused('too_fast', { retry_after_ms: 700 }))
    await outbox.send('c', hello)
    await idle(outbox)
    expect(world.waited).toEqual([700, 700])
    expect(outbox.items).toMatchObject([{ status: 'failed', refusal: { code: 'too_fast' } }])
  })

  it('no money left makes everything paid that waits ask again, and nothing free', async () => {
    const { outbox, world } = bench((frame) =>
      frame.max_price_cents ? refused('insufficient_funds', { missing_cents: 140 }) : receipt,
    )
    world.online = false
    await outbox.send('c', hello)
    await outbox.send('c', hello)
    await outbox.send('d', { body: 'free', maxPriceCents: 0 })
    world.online = true
    await idle(outbox)
    expect(outbox.items.map((item) => item.status)).toEqual(['asking', 'asking'])
    expect(world.frames.filter((frame) => frame.max_price_cents)).toHaveLength(2 - 1)
  })

  it('too_long fails at once and keeps the text', async () => {
    const { outbox, world } = bench(() => refused('too_long'))
    await outbox.send('c', hello)
    await idle(outbox)
    expect(world.frames).toHaveLength(1)
    expect(outbox.items).toMatchObject([{ status: 'failed', body: 'hello' }])
  })
})

describe('no answer', () => {
  it('repeats the same frame, then says it was never confirmed', async () => {
    const { outbox, world } = bench(() => ({ t: 'unanswered' }))
    const id = await outbox.send('c', hello)
    await idle(outbox)
    expect(world.frames).toHaveLength(3)
    expect(new Set(world.frames.map((frame) => JSON.stringify(frame))).size).toBe(1)
    expect(outbox.items).toMatchObject([{ status: 'failed', refusal: null }])
    expect(await outbox.retry(id)).toBe(id)
  })

  it('cannot be taken back while nobody knows what became of it', async () => {
    let free: (answer: Answer) => void = () => undefined
    const { outbox } = bench(() => new Promise<Answer>((resolve) => (free = resolve)))
    const id = await outbox.send('c', hello)
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect(await outbox.discard(id)).toBe(false)
    free(receipt)
    await idle(outbox)
    expect(outbox.items).toEqual([])
  })
})

describe('a reload', () => {
  it('between press and receipt repeats the same client id', async () => {
    const disk = await openDisk('reload', false)
    const before = bench(() => new Promise<Answer>(() => undefined), disk)
    const id = await before.outbox.send('c', hello)
    await expect.poll(() => before.world.frames.length).toBe(1)
    const after = bench(() => receipt, disk)
    await after.outbox.load()
    await after.outbox.drain()
    expect(after.world.frames).toEqual(before.world.frames)
    expect(after.world.frames[0]?.client_id).toBe(id)
    await expect.poll(() => disk.items()).toEqual([])
    await disk.erase()
  })

  it('after an hour asks instead of sending itself', async () => {
    const disk = memoryDisk()
    const old: OutboxItem = {
      clientId: 'k', conversationId: 'c', ...hello, createdMs: 0, status: 'sending', refusal: null,
    } // prettier-ignore
    await disk.putItem(old)
    const { outbox, world } = bench(() => receipt, disk)
    world.now = CONSENT_MS + 10
    await outbox.load()
    await idle(outbox)
    expect(world.frames).toEqual([])
    expect(outbox.items).toMatchObject([{ status: 'asking', why: 'old' }])
    expect(await outbox.retry('k')).toBe('k')
    await idle(outbox)
    expect(world.frames).toHaveLength(1)
  })
})

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('send' as const), price: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ act: fc.constant('retry' as const), price: fc.integer({ min: 0, max: 3 }) }),
    fc.record({
      act: fc.constantFrom('reload' as const, 'offline' as const, 'online' as const),
      price: fc.constant(0),
    }),
  )
  const fate = fc.constantFrom(
    'receipt',
    'unanswered',
    'price_changed',
    'busy',
    'insufficient_funds',
  )

  it('one client id never has two prices or two texts', async () => {
    const run = async (steps: { act: string; price: number }[], fates: string[]) => {
      const disk = memoryDisk()
      const sent = new Map<string, string>()
      const answer = (frame: Frame): Answer => {
        const content = `${frame.body} ${frame.max_price_cents}`
        expect(sent.get(frame.client_id) ?? content).toBe(content)
        sent.set(frame.client_id, content)
        const code = fates[sent.size % fates.length] ?? 'receipt'
        if (code === 'receipt') return receipt
        return code === 'unanswered' ? { t: 'unanswered' } : refused(code)
      }
      let { outbox, world } = bench(answer, disk)
      for (const [i, { act, price }] of steps.entries()) {
        if (act === 'send') await outbox.send('c', { body: `m${i}`, maxPriceCents: price * 100 })
        const last = outbox.items.at(-1)
        if (act === 'retry' && last)
          await outbox.retry(last.clientId, { maxPriceCents: price * 100 })
        if (act === 'offline' || act === 'online') world.online = act === 'online'
        if (act === 'reload') {
          ;({ outbox, world } = bench(answer, disk))
          await outbox.load()
        }
        await idle(outbox)
        const ids = outbox.items.map((item) => item.clientId)
        expect(new Set(ids).size).toBe(ids.length)
      }
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.array(fate, { minLength: 1, maxLength: 6 }),
        run,
      ),
      { numRuns: 100 },
    )
  })
})
