/** The only formatter of dates, and the clock, corrected by the server's own. */
import type { Language } from './money'

const LOCALE: Record<Language, string> = { fr: 'fr-FR', en: 'en-IE' }
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let skewMs = 0

/** Learn the server's time from a frame that carries it. */
export function setServerTime(serverTime: string, localNow: number = Date.now()): void {
  const moment = Date.parse(serverTime)
  if (!Number.isNaN(moment)) skewMs = moment - localNow
}

/** Milliseconds since the epoch as the server counts them. */
export function serverNow(localNow: number = Date.now()): number {
  return localNow + skewMs
}

const formats = new Map<string, Intl.DateTimeFormat>()
function intl(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  let known = formats.get(key)
  if (!known) {
    known = new Intl.DateTimeFormat(LOCALE[language], options)
    formats.set(key, known)
  }
  return known
}

const tidy = (text: string) => text.replaceAll('\u202f', '\u00a0')

/** "14:02", 24 hours, in the reader's zone. */
export function clockTime(at: string, language: Language): string {
  return tidy(
    intl(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at)),
  )
}

/** "mar. 14:02" within a week, else "12 mars 14:02". */
export function shortMoment(at: string, language: Language, nowMs: number = serverNow()): string {
  const near = Math.abs(Date.parse(at) - nowMs) < 6 * DAY
  const day: Intl.DateTimeFormatOptions = near
    ? { weekday: 'short' }
    : { day: 'numeric', month: 'long' }
  return `${tidy(intl(language, day).format(new Date(at)))} ${clockTime(at, language)}`
}

/** "12 mars 2026 14:02": for tables and receipts. */
export function fullMoment(at: string, language: Language): string {
  const day = intl(language, { day: 'numeric', month: 'long', year: 'numeric' })
  return `${tidy(day.format(new Date(at)))} ${clockTime(at, language)}`
}

/** "3 avril 2026", of a date without a time ("2026-04-03"): the same day in every zone. */
export function longDay(date: string, language: Language): string {
  const options = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const
  return tidy(intl(language, options).format(new Date(`${date}T00:00Z`)))
}

/** The key of the reader's day, "2026-03-12": equal for moments under one heading. */
export function dayKey(at: string | number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

export type DayHeading = { kind: 'today' } | { kind: 'yesterday' } | { kind: 'date'; text: string }

/** Which heading a day has: two are words of the catalogue, the others "jeudi 12 mars". */
export function dayHeading(
  at: string,
  language: Language,
  nowMs: number = serverNow(),
): DayHeading {
  if (dayKey(at) === dayKey(nowMs)) return { kind: 'today' }
  const yesterday = new Date(nowMs)
  yesterday.setDate(yesterday.getDate() - 1)
  if (dayKey(at) === dayKey(yesterday.getTime())) return { kind: 'yesterday' }
  const format = intl(language, { weekday: 'long', day: 'numeric', month: 'long' })
  return { kind: 'date', text: tidy(format.format(new Date(at))) }
}

export interface Span {
  unit: 'minutes' | 'hours' | 'days'
  count: number
}

/** How long until then, in the largest fitting unit, rounded down, never below zero. */
export function timeUntil(at: string, nowMs: number = serverNow()): Span {
  const left = Math.max(0, Date.parse(at) - nowMs)
  if (left >= 2 * DAY) return { unit: 'days', count: Math.floor(left / DAY) }
  if (left >= HOUR) return { unit: 'hours', count: Math.floor(left / HOUR) }
  return { unit: 'minutes', count: Math.floor(left / MINUTE) }
}
