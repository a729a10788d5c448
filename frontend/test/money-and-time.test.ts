import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { money, parseMoney } from '../src/core/money'
import {
  dayHeading,
  longDay,
  serverNow,
  setServerTime,
  shortMoment,
  timeUntil,
} from '../src/core/time'

afterEach(() => setServerTime('2026-03-02T09:00:00.000Z', Date.parse('2026-03-02T09:00:00.000Z')))

describe('money', () => {
  it('is written the French and the English way, always with two decimals', () => {
    expect(money(123456, 'fr')).toBe('1\u00a0234,56\u00a0€')
    expect(money(123456, 'en')).toBe('€1,234.56')
    expect(money(200, 'fr')).toBe('2,00\u00a0€')
  })

  it('has a true minus sign', () => {
    expect(money(-150, 'fr')).toBe('\u22121,50\u00a0€')
    expect(money(-150, 'en')).toBe('\u2212€1.50')
  })

  it('uses no character that the fonts lack', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (cents) => {
        expect(money(cents, 'fr') + money(cents, 'en')).toMatch(/^[\d,.€\u00a0\u2212]+$/)
      }),
    )
  })

  it('is read back from what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999 }), (cents) => {
        expect(parseMoney(money(cents, 'fr'))).toBe(cents)
        expect(parseMoney(money(cents, 'en'))).toBe(cents)
      }),
    )
  })

  it.each(['', 'abc', '1.234', '-2', '1e3', '2,', '€', '1 2'])('is not "%s"', (text) => {
    expect(parseMoney(text)).toBeNull()
  })
})

describe('time', () => {
  const now = Date.parse('2026-03-12T12:00:00.000Z')

  it('follows the clock of the server', () => {
    setServerTime('2026-03-03T09:00:00.000Z', 1_000)
    expect(serverNow(2_000)).toBe(Date.parse('2026-03-03T09:00:01.000Z'))
    setServerTime('nonsense', 1_000)
    expect(serverNow(2_000)).toBe(Date.parse('2026-03-03T09:00:01.000Z'))
  })

  it('counts what is left in the largest unit that fits, never below zero', () => {
    const left = (ms: number) => timeUntil(new Date(now + ms).toISOString(), now)
    expect(left(59 * 60_000)).toEqual({ unit: 'minutes', count: 59 })
    expect(left(3 * 3_600_000 + 1)).toEqual({ unit: 'hours', count: 3 })
    expect(left(72 * 3_600_000)).toEqual({ unit: 'days', count: 3 })
    expect(left(-5_000)).toEqual({ unit: 'minutes', count: 0 })
  })

  it('names a date without a time as it is, in whatever zone the reader is', () => {
    expect(longDay('2026-04-03', 'fr')).toBe('3 avril 2026')
    expect(longDay('2026-12-31', 'en')).toBe('31 December 2026')
  })

  it('says the week day when near and the date when far', () => {
    expect(shortMoment('2026-03-13T12:00:00.000Z', 'fr', now)).toMatch(/^ven\. \d\d:00$/)
    expect(shortMoment('2026-04-13T12:00:00.000Z', 'en', now)).toMatch(/^13 April \d\d:00$/)
  })

  it('heads days with today, yesterday, or the day in words', () => {
    expect(dayHeading('2026-03-12T11:00:00.000Z', 'fr', now)).toEqual({ kind: 'today' })
    expect(dayHeading('2026-03-11T12:00:00.000Z', 'fr', now)).toEqual({ kind: 'yesterday' })
    expect(dayHeading('2026-03-05T12:00:00.000Z', 'fr', now)).toEqual({
      kind: 'date',
      text: 'jeudi 5 mars',
    })
  })
})
