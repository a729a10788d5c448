/** The sentence of a refusal, with the facts the server gave, in the reader's language. */
import type { TFunction } from 'i18next'
import type { Refused } from '../gen/protocol'
import { money, type Language } from './money'
import type { Refusal } from './rest'
import { shortMoment } from './time'

type Facts = Record<string, string | number | undefined>

/** What a sentence cannot be said without; lacking one, its `_plain` form is said. */
export const NEEDS: Record<string, readonly string[]> = {
  price_changed: ['price'],
  insufficient_funds: ['missing'],
  budget_reached: ['limit'],
  pause_active: ['date'],
  not_eligible: ['ways'],
  too_many_waiting: ['count'],
  conversation_paused: ['date'],
  file_type: ['accepted'],
  file_too_big: ['accepted'],
  offer_too_soon: ['date'],
  too_long: ['count'],
  too_fast: ['seconds'],
  too_many_attempts: ['seconds'],
  price_out_of_bounds: ['min', 'max'],
  below_minimum: ['min'],
  internal_error: ['ref'],
}

/** Words for a refusal of the socket or of REST. Every code has its own in both languages. */
export function refusalText(t: TFunction, refusal: Refused | Refusal, language: Language): string {
  const facts = factsOf(t, refusal as Refusal, language)
  const lacking = (NEEDS[refusal.code] ?? []).some((name) => facts[name] === undefined)
  const key = `common:refusal.${refusal.code}${lacking ? '_plain' : ''}`
  const say = t as unknown as (key: string, facts: Facts) => string
  return say(key, facts)
}

function factsOf(t: TFunction, refusal: Refusal, language: Language): Facts {
  const cents = (name: string) => {
    const value = refusal[name]
    return typeof value === 'number' ? money(value, language) : undefined
  }
  const { until, limit, max_characters, retry_after_ms, ways_in, accepted, ref } = refusal
  return {
    price: cents('price_cents'),
    missing: cents('missing_cents'),
    limit: cents('limit_cents'),
    min: cents('min_cents'),
    max: cents('max_cents'),
    date: typeof until === 'string' ? shortMoment(until, language) : undefined,
    seconds: typeof retry_after_ms === 'number' ? Math.ceil(retry_after_ms / 1000) : undefined,
    count: firstNumber(max_characters, limit),
    accepted: typeof accepted === 'string' ? accepted : undefined,
    ways: Array.isArray(ways_in) && ways_in.length ? waysText(t, ways_in, language) : undefined,
    ref,
  }
}

function firstNumber(...values: unknown[]): number | undefined {
  return values.find((value): value is number => typeof value === 'number')
}

function waysText(t: TFunction, ways: unknown[], language: Language): string {
  const say = t as unknown as (key: string, options: { defaultValue: string }) => string
  const words = ways.map((way) => say(`common:way.${String(way)}`, { defaultValue: String(way) }))
  return new Intl.ListFormat(language, { type: 'disjunction' }).format(words)
}
