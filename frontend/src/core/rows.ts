/** What a timeline shows, in order: numbered messages, system lines, own unnumbered and unsent ones. */
import type { Line, Log, Message, PendingMessage } from './log'
import type { OutboxItem } from './outbox'

export type Row =
  | { kind: 'message'; key: string; message: Message }
  | { kind: 'pending'; key: string; message: PendingMessage }
  | { kind: 'line'; key: string; line: Line }
  | { kind: 'outbox'; key: string; item: OutboxItem }

/**
 * The rows of one conversation. A row keeps its key (`client_id ?? message_id`) through all its
 * states, so a receipt never remounts it.
 */
export function rowsOf(log: Log, items: readonly OutboxItem[]): Row[] {
  const rows: Row[] = []
  const first = log.messages[0]?.seq ?? 0
  const between = tailsOf(log)
  rows.push(...(between.get(first - 1) ?? []))
  for (const message of log.messages) {
    rows.push({ kind: 'message', key: message.client_id ?? message.message_id, message })
    rows.push(...(between.get(message.seq) ?? []))
  }
  if (log.messages.length === 0) {
    for (const [seq, tail] of between) if (seq !== first - 1) rows.push(...tail)
  }
  return log.atNewest ? [...rows, ...unsent(log, items)] : rows
}

/** Lines and own unnumbered messages by the number after which they sit, in order of time. */
function tailsOf(log: Log): Map<number, Row[]> {
  const placed: { seq: number; at: string; row: Row }[] = [
    ...log.lines.map((line) => ({
      seq: line.after_seq, at: line.at, row: { kind: 'line' as const, key: line.line_id, line },
    })),
    ...log.pending.map((message) => ({
      seq: message.after_seq, at: message.sent_at,
      row: { kind: 'pending' as const, key: message.client_id, message },
    })),
  ].sort((a, b) => a.seq - b.seq || (a.at < b.at ? -1 : 1)) // prettier-ignore
  const tails = new Map<number, Row[]>()
  for (const { seq, row } of placed) tails.set(seq, [...(tails.get(seq) ?? []), row])
  return tails
}

function unsent(log: Log, items: readonly OutboxItem[]): Row[] {
  const arrived = new Set<string | null | undefined>([
    ...log.messages.map((message) => message.client_id),
    ...log.pending.map((message) => message.client_id),
  ])
  return items
    .filter((item) => item.conversationId === log.conversationId && !arrived.has(item.clientId))
    .map((item) => ({ kind: 'outbox', key: item.clientId, item }))
}
