/**
 * What the list draws: the rows of `core/rows`, each with what stands above it (day, unread
 * marker) and whether it repeats the head line. Pure: tests and every face use the same rules.
 */
import type { Line } from '../core/log'
import type { OutboxItem } from '../core/outbox'
import type { Row } from '../core/rows'
import { dayKey } from '../core/time'
import type { AuthorKind } from '../ui/Seal'

const GROUP_MS = 5 * 60_000
const SEALS: readonly string[] = ['in_person', 'assistant', 'automatic', 'ai_assisted']

export type BubbleState =
  Exclude<OutboxItem['status'], 'sent'> | 'held' | 'delivered' | 'withheld' | 'expired' | 'unsent'

export interface Author {
  name: string
  /** Written by the reader: it stands on the other side. */
  own: boolean
  /** Of the creator's side: it wears the seal of who really wrote. */
  sealed: boolean
}

export interface Bubble {
  key: string
  author: Author
  seal: AuthorKind | null
  body: string
  at: string
  state: BubbleState
  /** Absent until the message has its number. */
  seq?: number
  messageId?: string
  decideBefore?: string
  statementUrl?: string
  editedAt?: string
  replyTo?: string
  source: Exclude<Row, { kind: 'line' }>
}

interface Above {
  key: string
  /** The first row of a day carries its heading. */
  day?: string
  /** The unread marker stands above this row. */
  unread?: boolean
}
export type BubbleEntry = Above & { kind: 'bubble'; bubble: Bubble; head: boolean }
export type LineEntry = Above & { kind: 'line'; line: Line }
export type Entry = BubbleEntry | LineEntry

export interface Reading {
  authorOf: (senderId: string) => Author
  /** The author of what was written here and has no number yet. */
  self: Author
  /** Numbers above it were unread when the conversation was opened; null when none were. */
  unreadAfter: number | null
}

/** The entries of these rows, in their order. */
export function entriesOf(rows: readonly Row[], reading: Reading): Entry[] {
  const entries: Entry[] = []
  let marked = reading.unreadAfter === null
  for (const row of rows) {
    const before = entries.at(-1)
    const at = timeOf(row)
    const day = !before || dayKey(entryTime(before)) !== dayKey(at) ? at : undefined
    if (row.kind === 'line') {
      entries.push({ kind: 'line', key: row.key, day, line: row.line })
      continue
    }
    const bubble = bubbleOf(row, reading)
    const unread = !marked && !bubble.author.own && (bubble.seq ?? 0) > (reading.unreadAfter ?? 0)
    marked ||= unread
    const head = day !== undefined || unread || !continues(before, bubble)
    entries.push({ kind: 'bubble', key: row.key, day, unread: unread || undefined, bubble, head })
  }
  return entries
}

/** When an entry was written. */
export function entryTime(entry: Entry): string {
  return entry.kind === 'line' ? entry.line.at : entry.bubble.at
}

function timeOf(row: Row): string {
  switch (row.kind) {
    case 'line':
      return row.line.at
    case 'outbox':
      return new Date(row.item.createdMs).toISOString()
    case 'message':
    case 'pending':
      return row.message.sent_at
  }
}

/** Whether this bubble may share the head line of the one before (T10). */
function continues(before: Entry | undefined, bubble: Bubble): boolean {
  if (before?.kind !== 'bubble') return false
  const last = before.bubble
  return (
    last.author.own === bubble.author.own &&
    last.author.name === bubble.author.name &&
    last.seal === bubble.seal &&
    Date.parse(bubble.at) - Date.parse(last.at) < GROUP_MS
  )
}

function bubbleOf(row: Bubble['source'], reading: Reading): Bubble {
  const at = timeOf(row)
  if (row.kind === 'outbox') {
    const { item } = row
    const state = item.status === 'sent' ? 'delivered' : item.status
    const { body, replyTo, messageId } = item
    return {
      key: row.key, author: reading.self, seal: null, body, at, state, replyTo, messageId, source: row,
    } // prettier-ignore
  }
  if (row.kind === 'pending') {
    const { message } = row
    return {
      key: row.key, author: reading.self, seal: null, body: message.body, at,
      state: message.state as BubbleState, messageId: message.message_id, source: row,
      decideBefore: message.decide_before ?? undefined,
      statementUrl: message.statement_url ?? undefined,
    } // prettier-ignore
  }
  const { message } = row
  const author = reading.authorOf(message.sender_id)
  const known = SEALS.includes(message.author_kind) ? (message.author_kind as AuthorKind) : null
  return {
    key: row.key, author, seal: author.sealed ? known : null, body: message.body, at,
    state: message.state as BubbleState, seq: message.seq,
    messageId: message.message_id, editedAt: message.edited_at ?? undefined,
    replyTo: message.reply_to ?? undefined, source: row,
  } // prettier-ignore
}
