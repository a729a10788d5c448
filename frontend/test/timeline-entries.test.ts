import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Message } from '../src/core/log'
import type { Row } from '../src/core/rows'
import { entriesOf, type BubbleEntry, type Reading } from '../src/timeline/entries'
import { delivered } from './wire'

const reading = (unreadAfter: number | null = null): Reading => ({
  self: { name: 'Me', own: true, sealed: false },
  authorOf: (id) => ({ name: id, own: id === 'me', sealed: id !== 'me' }),
  unreadAfter,
})
const at = (minutes: number) => new Date(Date.UTC(2026, 2, 3, 9, minutes)).toISOString()
const row = (seq: number, minutes: number, more: object = {}): Row => {
  const message = delivered(seq, { sent_at: at(minutes), ...more }) as unknown as Message
  return { kind: 'message', key: message.message_id, message }
}
const heads = (rows: Row[], unreadAfter: number | null = null) =>
  entriesOf(rows, reading(unreadAfter)).map((entry) => (entry as BubbleEntry).head)

describe('a head line', () => {
  it('is shared by one author within five minutes under one seal', () => {
    expect(heads([row(1, 0), row(2, 4)])).toEqual([true, false])
  })

  it('is written again for another author, another seal, or after five minutes', () => {
    expect(heads([row(1, 0), row(2, 1, { sender_id: 'me' })])).toEqual([true, true])
    expect(heads([row(1, 0), row(2, 1, { author_kind: 'automatic' })])).toEqual([true, true])
    expect(heads([row(1, 0), row(2, 5)])).toEqual([true, true])
  })
})

describe('a day', () => {
  it('has one heading, above its first row', () => {
    const rows = [row(1, 0), row(2, 1), row(3, 60 * 24)]
    const days = entriesOf(rows, reading()).map((entry) => entry.day !== undefined)
    expect(days).toEqual([true, false, true])
  })
})

describe('the unread marker', () => {
  it('stands once, above the first row of others that was not read', () => {
    const rows = [row(1, 0), row(2, 1, { sender_id: 'me' }), row(3, 2), row(4, 3)]
    const marks = entriesOf(rows, reading(1)).map((entry) => entry.unread === true)
    expect(marks).toEqual([false, false, true, false])
  })

  it('is absent when nothing was unread at the opening', () => {
    expect(entriesOf([row(1, 0)], reading()).some((entry) => entry.unread)).toBe(false)
  })
})

describe('a seal', () => {
  it('is worn by what the creator side wrote, never by the fan', () => {
    const [theirs, mine] = entriesOf([row(1, 0), row(2, 1, { sender_id: 'me' })], reading())
    expect((theirs as BubbleEntry).bubble.seal).toBe('in_person')
    expect((mine as BubbleEntry).bubble.seal).toBeNull()
  })
})

it('every row becomes one entry, in order, under its own key, whatever was read', () => {
  const some = fc.array(fc.record({ step: fc.nat(3_000), mine: fc.boolean() }), { maxLength: 30 })
  fc.assert(
    fc.property(some, fc.option(fc.nat(30)), (steps, unreadAfter) => {
      let minutes = 0
      const rows = steps.map(({ step, mine }, index) => {
        minutes += step
        return row(index + 1, minutes, mine ? { sender_id: 'me' } : {})
      })
      const entries = entriesOf(rows, reading(unreadAfter))
      expect(entries.map(({ key }) => key)).toEqual(rows.map(({ key }) => key))
      expect(entries.filter((entry) => entry.unread).length).toBeLessThanOrEqual(1)
      if (entries[0]) expect(entries[0].day).toBeDefined()
    }),
  )
})
