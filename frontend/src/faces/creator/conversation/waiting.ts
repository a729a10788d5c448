/** Which messages an answer in person settles, and what it brings. */
import type { Row } from '../../../core/rows'

/** A delivered message of the fan whose price still waits for an answer. */
export function isWaiting(row: Row): boolean {
  if (row.kind !== 'message') return false
  return row.message.money === 'reserved' && row.message.state === 'delivered'
}

export interface Waiting {
  count: number
  /** The creator's own part of them all; null while some of them are not loaded. */
  ownCents: number | null
}

/** `total` is how many wait in all, as the server counts; `rows` may hold only the newest. */
export function waitingIn(rows: readonly Row[], total: number): Waiting {
  const cents = rows.flatMap((row) =>
    row.kind === 'message' && isWaiting(row) ? [row.message.amount_cents ?? 0] : [],
  )
  const all = cents.length >= total
  return {
    count: all ? cents.length : total,
    ownCents: all ? cents.reduce((sum, part) => sum + part, 0) : null,
  }
}
