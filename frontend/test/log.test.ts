import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  WINDOW_MAX,
  addPending,
  apply,
  applyNewer,
  applyNewest,
  applyOlder,
  emptyLog,
  hasGap,
  type Log,
} from '../src/core/log'
import { rowsOf } from '../src/core/rows'
import type { HistoryPage, MessageDelivered, ServerFrame } from '../src/gen/protocol'

const AT = '2026-03-02T09:00:00.000Z'
const SELF = 'fan'

function message(seq: number, more: Partial<MessageDelivered> = {}): MessageDelivered {
  return {
    t: 'message_delivered', conversation_id: 'c', seq, message_id: `m${seq}`, sender_id: SELF,
    author_kind: 'in_person', body: `text ${seq}`, sent_at: AT, delivered_at: AT,
    client_id: `k${seq}`, ...more,
  } // prettier-ignore
}

function page(messages: MessageDelivered[], more: Partial<HistoryPage> = {}): HistoryPage {
  return {
    t: 'history_page', r: '1', conversation_id: 'c', messages, lines: [], pending: [],
    last_seq: messages.at(-1)?.seq ?? 0, has_more: (messages[0]?.seq ?? 1) > 1,
    own_read_seq: 0, other_read_seq: 0, ...more,
  } // prettier-ignore
}

const play = (log: Log, frames: readonly ServerFrame[]) =>
  frames.reduce((known, frame) => apply(known, frame, AT, SELF), log)
const opened = () => applyNewest(emptyLog('c'), page([]))
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => message(from + i))

describe('numbered messages', () => {
  it('are applied once each, in order, whatever the order and the copies they come in', () => {
    const orders = fc.shuffledSubarray(
      range(1, 12).flatMap((m) => [m, m]),
      { minLength: 24 },
    )
    fc.assert(
      fc.property(orders, (frames) => {
        const log = play(opened(), frames)
        expect(log.messages.map((m) => m.seq)).toEqual(range(1, 12).map((m) => m.seq))
        expect(hasGap(log)).toBe(false)
      }),
    )
  })

  it('that come before the first page, or a newest one read earlier, are joined into it', () => {
    const behind = play(emptyLog('c'), [message(4), message(3)])
    expect(hasGap(behind)).toBe(false)
    const first = applyNewest(play(emptyLog('c'), [message(3), message(4)]), page(range(1, 2)))
    expect(first.messages.map((m) => m.seq)).toEqual([1, 2, 3, 4])
    const holed = applyNewest(play(emptyLog('c'), [message(4)]), page(range(1, 2)))
    expect(hasGap(holed)).toBe(true)
    const trimmed = { ...applyNewest(emptyLog('c'), page(range(101, 500))), atNewest: false }
    const back = applyNewest(play(trimmed, [message(501)]), page(range(451, 500)))
    expect(back.messages.at(-1)?.seq).toBe(501)
  })

  it('wait aside while one is missing, and are no duplicates when it comes', () => {
    const holed = play(opened(), [message(1), message(3), message(4)])
    expect(holed.messages.map((m) => m.seq)).toEqual([1])
    expect(hasGap(holed)).toBe(true)
    const whole = play(holed, [message(3), message(2)])
    expect(whole.messages.map((m) => m.seq)).toEqual([1, 2, 3, 4])
    expect(hasGap(whole)).toBe(false)
  })
})

describe('convergence', () => {
  const fates: ServerFrame[] = [
    { t: 'message_edited', conversation_id: 'c', message_id: 'm2', seq: 2, body: 'new', edited_at: AT },
    { t: 'message_unsent', conversation_id: 'c', message_id: 'm3', seq: 3 },
    { t: 'answer_captured', conversation_id: 'c', message_id: 'm1', amount_cents: 200, receipt_id: 1 },
    { t: 'message_withheld', conversation_id: 'c', message_id: 'm4', refunded_cents: 0 },
    { t: 'read', conversation_id: 'c', account_id: 'other', seq: 2 },
  ] // prettier-ignore
  const truth = page(
    [
      message(1, { money: 'captured', amount_cents: 200 }),
      message(2, { body: 'new', edited_at: AT }),
      message(3, { state: 'unsent', body: '' }),
      message(4, { state: 'withheld', body: '' }),
      message(5),
    ],
    { other_read_seq: 2 },
  )
  const strip = ({ messages, otherReadSeq, lastSeq }: Log) => ({
    messages: messages.map((m) => [m.seq, m.state, m.body, m.money, m.amount_cents, m.edited_at]),
    otherReadSeq,
    lastSeq,
  })
  const live = [message(1, { money: 'reserved', amount_cents: 200 }), ...range(2, 5)]
  const fresh = strip(applyNewest(emptyLog('c'), truth))

  it('any order, duplicate and loss ends as a fresh snapshot, once refreshed', () => {
    const history = fc.shuffledSubarray([...live, ...fates, ...live], { minLength: 0 })
    fc.assert(
      fc.property(history, history, (before, after) => {
        const known = play(opened(), before)
        const refreshed = applyNewest(known, truth)
        expect(strip(play(refreshed, after))).toEqual(fresh)
      }),
      { numRuns: 300 },
    )
  })

  it('without any loss it is there before a refresh', () => {
    const all = [...live, ...fates]
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (frames) => {
        expect(strip(play(opened(), frames))).toEqual(fresh)
      }),
      { numRuns: 300 },
    )
  })

  it('a page read before an event does not undo the event', () => {
    const stale = page(live)
    expect(strip(applyNewest(play(opened(), [...live, ...fates] as ServerFrame[]), stale))).toEqual(
      fresh,
    )
  })
})

describe('a held message', () => {
  const held: ServerFrame = {
    t: 'message_held', conversation_id: 'c', message_id: 'm9', client_id: 'k9',
    decide_before: AT, body: 'x', sent_at: AT,
  } // prettier-ignore

  it('sits where it was written and takes its number when released', () => {
    const waiting = play(opened(), [message(1), held, message(2)])
    expect(rowsOf(waiting, []).map((row) => row.key)).toEqual(['k1', 'k9', 'k2'])
    const released = play(waiting, [message(3, { message_id: 'm9', client_id: 'k9' })])
    expect(rowsOf(released, []).map((row) => row.key)).toEqual(['k1', 'k2', 'k9'])
    expect(released.pending).toEqual([])
  })

  it('stays withheld when late news still calls it held', () => {
    const withheld: ServerFrame = { t: 'message_withheld', conversation_id: 'c', message_id: 'm9', refunded_cents: 200, statement_url: '/s' } // prettier-ignore
    const log = play(opened(), [held, withheld, held])
    expect(log.pending).toMatchObject([{ state: 'withheld', statement_url: '/s' }])
  })

  it('is one row whether its receipt or its event comes first', () => {
    const receipt = (log: Log) =>
      addPending(log, { message_id: 'm9', client_id: 'k9', state: 'held', body: 'x', sent_at: AT, after_seq: 0 }) // prettier-ignore
    expect(receipt(play(opened(), [held])).pending).toHaveLength(1)
    expect(play(receipt(opened()), [held]).pending).toHaveLength(1)
  })
})

describe('the window', () => {
  it('holds 400 messages, letting the oldest go at the bottom', () => {
    const log = play(opened(), range(1, 450))
    expect(log.messages).toHaveLength(WINDOW_MAX)
    expect(log.messages[0]?.seq).toBe(51)
    expect(log.hasOlder).toBe(true)
  })

  it('lets the newest go when old pages are read, and then only counts', () => {
    const log = applyOlder(play(opened(), range(101, 0)), page([])) // an empty log stays empty
    expect(log.messages).toEqual([])
    const full = applyNewest(emptyLog('c'), page(range(101, 500)))
    const older = applyOlder(full, page(range(51, 100)))
    expect(older.messages.map((m) => m.seq)).toEqual(range(51, 450).map((m) => m.seq))
    expect(older.atNewest).toBe(false)
    const counted = play(older, [message(501), message(501)])
    expect(counted.messages).toBe(older.messages)
    expect(counted.newer).toBe(51)
  })

  it('reaches the newest again page by page, without a hole', () => {
    const full = applyOlder(applyNewest(emptyLog('c'), page(range(101, 500))), page(range(51, 100)))
    const back = applyNewer(full, page(range(451, 500)))
    expect(back.atNewest).toBe(true)
    expect(back.messages.map((m) => m.seq)).toEqual(range(101, 500).map((m) => m.seq))
    expect(play(back, [message(501)]).messages.at(-1)?.seq).toBe(501)
  })
})

describe('system lines', () => {
  const changed: ServerFrame = { t: 'price_changed', conversation_id: 'c', price_cents: 300 }

  it('sit at their time, and the newest page replaces those of our own making', () => {
    const log = play(opened(), [message(1), changed, message(2)])
    expect(log.priceCents).toBe(300)
    expect(rowsOf(log, []).map((row) => row.kind)).toEqual(['message', 'line', 'message'])
    const line = { line_id: 'l1', after_seq: 1, kind: 'price_changed', at: AT, price_cents: 300 }
    const again = applyNewest(log, page(range(1, 2), { lines: [line] }))
    expect(again.lines).toEqual([line])
  })

  it('a moderator who joins, pauses, resumes and leaves is known until then', () => {
    const step = (t: string) =>
      ({ t, conversation_id: 'c', moderator: 'M-17', reason: 'r' }) as ServerFrame
    const joined = play(opened(), [step('moderator_joined'), step('conversation_paused')])
    expect(joined).toMatchObject({ moderator: { moderator: 'M-17' }, pause: { reason: 'r' } })
    const left = play(joined, [step('conversation_resumed'), step('moderator_left')])
    expect(left).toMatchObject({ moderator: null, pause: null, ended: null })
    expect(left.lines).toHaveLength(4)
  })
})
