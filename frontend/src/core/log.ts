/**
 * One conversation as this device knows it: a pure reducer over frames (S3, S4, S7).
 *
 * Merging is a join: of two copies of a message the later fate wins, whatever the order in which
 * receipts, events and history pages arrive, so every order converges to a fresh snapshot.
 */
import type {
  HistoryPage,
  Line,
  MessageDelivered,
  MessageEdited,
  MessageHeld,
  PendingMessage,
  ServerFrame,
} from '../gen/protocol'

export const WINDOW_MAX = 400
export const ASIDE_MAX = 200

/** The wire leaves the ordinary state out; here it is always said. */
export type Message = MessageDelivered & { state: string }
export type { Line, PendingMessage }

export interface StepIn {
  moderator: string
  reason: string
}
export interface Pause extends StepIn {
  until: string | null
}

export interface Log {
  readonly conversationId: string
  /** `empty` until the first history page. */
  readonly window: 'empty' | 'ready'
  /** Numbered messages, rising and without a hole. */
  readonly messages: readonly Message[]
  /** Newer ones, kept until the hole before them is filled or the newest page is loaded. */
  readonly aside: readonly Message[]
  readonly lines: readonly Line[]
  /** Own messages without a number: held, or ended before delivery. */
  readonly pending: readonly PendingMessage[]
  /** The highest number applied, or heard of while the newest part is not loaded. */
  readonly lastSeq: number
  readonly hasOlder: boolean
  /** False while the newest part was trimmed away: events then only count. */
  readonly atNewest: boolean
  readonly newer: number
  readonly ownReadSeq: number
  readonly otherReadSeq: number
  readonly moderator: StepIn | null
  readonly pause: Pause | null
  readonly ended: StepIn | null
  /** The price of the next message, once an event has said so. */
  readonly priceCents: number | null
  /** Fates that arrived before their message. */
  readonly fates: Readonly<Record<string, Partial<Message>>>
}

export function emptyLog(conversationId: string): Log {
  return {
    conversationId,
    window: 'empty',
    messages: [],
    aside: [],
    lines: [],
    pending: [],
    lastSeq: 0,
    hasOlder: false,
    atNewest: true,
    newer: 0,
    ownReadSeq: 0,
    otherReadSeq: 0,
    moderator: null,
    pause: null,
    ended: null,
    priceCents: null,
    fates: {},
  }
}

/** Whether numbers are missing before what was kept aside: time to send one `resume`. */
export function hasGap(log: Log): boolean {
  return log.window === 'ready' && log.atNewest && log.aside.length > 0
}

const STATE_RANK: Record<string, number> = { delivered: 0, unsent: 1, withheld: 2 }
const MONEY_RANK: Record<string, number> = { reserved: 1, captured: 2, refunded: 3 }
const PENDING_RANK: Record<string, number> = { held: 0, unsent: 1, expired: 2, withheld: 3 }

const stated = (message: MessageDelivered): Message => ({
  ...message,
  state: message.state ?? 'delivered',
})

/** The join of two copies of one message. */
export function joined(a: Message, b: Message): Message {
  const state = rank(STATE_RANK, a.state) >= rank(STATE_RANK, b.state) ? a.state : b.state
  const text = (a.edited_at ?? '') >= (b.edited_at ?? '') ? a : b
  const money = rank(MONEY_RANK, a.money) >= rank(MONEY_RANK, b.money) ? a : b
  const other = money === a ? b : a
  const open = a.offer?.owned ? a : b
  return {
    ...a,
    ...b,
    state,
    body: state === 'delivered' ? text.body : '',
    edited_at: text.edited_at,
    money: money.money ?? other.money,
    amount_cents: money.amount_cents ?? other.amount_cents,
    answer_due_at: a.answer_due_at ?? b.answer_due_at,
    client_id: a.client_id ?? b.client_id,
    offer: state === 'delivered' ? (open.offer ?? a.offer) : undefined,
  }
}

function rank(ranks: Record<string, number>, value: string | null | undefined): number {
  return ranks[value ?? ''] ?? 0
}

/** Apply one event of this conversation. `at` dates what carries no time of its own. */
export function apply(log: Log, event: ServerFrame, at: string, selfId: string): Log {
  switch (event.t) {
    case 'message_delivered':
      return delivered(log, event)
    case 'message_held':
      return held(log, event)
    case 'message_withheld':
      return endedBeforeOrAfter(log, event.message_id, 'withheld', event.statement_url ?? null)
    case 'message_expired':
      return endedBeforeOrAfter(log, event.message_id, 'expired', event.statement_url ?? null)
    case 'message_unsent':
      return endedBeforeOrAfter(log, event.message_id, 'unsent', null)
    case 'message_edited':
      return edited(log, event)
    case 'answer_captured':
      return fate(log, event.message_id, { money: 'captured', amount_cents: event.amount_cents })
    case 'answer_refunded':
      return withLine(
        fate(log, event.message_id, { money: 'refunded', amount_cents: event.amount_cents }),
        { kind: 'answer_refunded', at, amount_cents: event.amount_cents, reason: event.reason },
      )
    case 'media_unlocked':
      return unlocked(log, event.message_id, event.entitlement_id)
    case 'read':
      return read(log, event.account_id === selfId, event.seq)
    case 'price_changed': {
      const line = { kind: 'price_changed', at, price_cents: event.price_cents }
      return { ...withLine(log, line), priceCents: event.price_cents }
    }
    case 'moderator_joined':
    case 'moderator_left':
    case 'conversation_paused':
    case 'conversation_resumed':
    case 'conversation_ended':
      return stepped(log, event, at)
    default:
      return log
  }
}

type StepEvent = Extract<
  ServerFrame,
  { t: `moderator_${string}` | `conversation_${string}`; moderator: string }
>

function stepped(log: Log, event: StepEvent, at: string): Log {
  const { moderator, reason } = event
  const until = event.until ?? null
  const lined = withLine(log, { kind: event.t, at, moderator, reason, until })
  switch (event.t) {
    case 'moderator_joined':
      return { ...lined, moderator: { moderator, reason } }
    case 'moderator_left':
      return { ...lined, moderator: null }
    case 'conversation_paused':
      return { ...lined, pause: { moderator, reason, until } }
    case 'conversation_resumed':
      return { ...lined, pause: null }
    case 'conversation_ended':
      return { ...lined, ended: { moderator, reason } }
  }
}

function delivered(log: Log, event: MessageDelivered): Log {
  const message = stated(event)
  const settled = { ...log, pending: without(log.pending, message) }
  if (message.seq <= log.lastSeq) return settled
  const fated = withFate(log, message)
  const aside = kept(log.aside, fated)
  // The newest page on its way may have been read before this message was there.
  const late = { aside: aside.slice(-ASIDE_MAX), lastSeq: message.seq, newer: log.newer + 1 }
  if (!log.atNewest || log.window === 'empty') return { ...settled, ...late }
  if (message.seq > log.lastSeq + 1) return { ...settled, aside: aside.slice(0, ASIDE_MAX) }
  return filled({ ...settled, messages: [...log.messages, fated], lastSeq: message.seq })
}

/** Move what was kept aside into the window as far as the numbers now reach, and trim. */
function filled(log: Log): Log {
  const messages = [...log.messages]
  let aside = log.aside.filter((message) => message.seq > log.lastSeq)
  let lastSeq = log.lastSeq
  while (aside[0]?.seq === lastSeq + 1) {
    messages.push(aside[0])
    lastSeq += 1
    aside = aside.slice(1)
  }
  const tooMany = messages.length > WINDOW_MAX
  return {
    ...log,
    messages: tooMany ? messages.slice(-WINDOW_MAX) : messages,
    hasOlder: log.hasOlder || tooMany,
    aside,
    lastSeq,
  }
}

function kept(aside: readonly Message[], message: Message): Message[] {
  if (aside.some((known) => known.seq === message.seq)) return [...aside]
  return [...aside, message].sort(bySeq)
}

function held(log: Log, event: MessageHeld): Log {
  const known = log.messages.some((message) => message.message_id === event.message_id)
  if (known) return log
  return addPending(log, {
    message_id: event.message_id,
    client_id: event.client_id,
    state: 'held',
    body: event.body,
    sent_at: event.sent_at,
    after_seq: log.lastSeq,
    decide_before: event.decide_before,
    price_cents: event.price_cents,
  })
}

/** Put an own unnumbered message in its place; of two copies the later fate wins. */
export function addPending(log: Log, message: PendingMessage): Log {
  const before = log.pending.find((known) => known.message_id === message.message_id)
  if (!before) return { ...log, pending: [...log.pending, message] }
  const later = rank(PENDING_RANK, before.state) > rank(PENDING_RANK, message.state)
  const winner = { ...before, ...message, ...(later && { state: before.state }) }
  winner.statement_url = message.statement_url ?? before.statement_url
  return { ...log, pending: log.pending.map((known) => (known === before ? winner : known)) }
}

function without(pending: readonly PendingMessage[], message: Message): readonly PendingMessage[] {
  const left = pending.filter((known) => known.message_id !== message.message_id)
  return left.length === pending.length ? pending : left
}

function endedBeforeOrAfter(log: Log, messageId: string, state: string, url: string | null): Log {
  const waiting = log.pending.find((message) => message.message_id === messageId)
  if (waiting) return addPending(log, { ...waiting, state, statement_url: url })
  return state === 'expired' ? log : fate(log, messageId, { state })
}

function edited(log: Log, event: MessageEdited): Log {
  return fate(log, event.message_id, { body: event.body, edited_at: event.edited_at })
}

/** Join news about one message into it, or keep them until it arrives. */
function fate(log: Log, messageId: string, news: Partial<Message>): Log {
  const join = (message: Message) =>
    message.message_id === messageId ? joined(message, { ...message, ...news }) : message
  const known = (message: Message) => message.message_id === messageId
  if (log.messages.some(known)) return { ...log, messages: log.messages.map(join) }
  if (log.aside.some(known)) return { ...log, aside: log.aside.map(join) }
  const before = log.fates[messageId] ?? {}
  const entries = Object.entries({ ...log.fates, [messageId]: { ...before, ...news } })
  return { ...log, fates: Object.fromEntries(entries.slice(-ASIDE_MAX)) }
}

function withFate(log: Log, message: Message): Message {
  const news = log.fates[message.message_id]
  return news ? joined(message, { ...message, ...news }) : message
}

function unlocked(log: Log, messageId: string, entitlementId: string): Log {
  const open = (message: Message): Message =>
    message.message_id === messageId && message.offer
      ? { ...message, offer: { ...message.offer, owned: true, entitlement_id: entitlementId } }
      : message
  return { ...log, messages: log.messages.map(open), aside: log.aside.map(open) }
}

function read(log: Log, own: boolean, seq: number): Log {
  return own
    ? { ...log, ownReadSeq: Math.max(log.ownReadSeq, seq) }
    : { ...log, otherReadSeq: Math.max(log.otherReadSeq, seq) }
}

/** A line of our own making stands until the next newest page brings the server's. */
function withLine(log: Log, line: Omit<Line, 'line_id' | 'after_seq'>): Log {
  const line_id = `live-${log.lines.length}-${line.kind}-${line.at}`
  return { ...log, lines: [...log.lines, { ...line, line_id, after_seq: log.lastSeq }] }
}

export const isLive = (line: Line) => line.line_id.startsWith('live-')

/** Replace the window by the newest page; what events said meanwhile is joined in. */
export function applyNewest(log: Log, page: HistoryPage): Log {
  const known = new Map([...log.messages, ...log.aside].map((message) => [message.seq, message]))
  const base: Log = {
    ...log,
    window: 'ready',
    atNewest: true,
    newer: 0,
    hasOlder: page.has_more,
    lines: page.lines,
    messages: page.messages.map((message) => joinKnown(log, known, stated(message))),
    aside: [...known.values()].filter((message) => message.seq > page.last_seq).sort(bySeq),
    lastSeq: page.last_seq,
    ownReadSeq: Math.max(log.ownReadSeq, page.own_read_seq),
    otherReadSeq: Math.max(log.otherReadSeq, page.other_read_seq),
    pending: [],
  }
  const numbered = new Set(base.messages.map((message) => message.message_id))
  const waiting = page.pending.filter((message) => !numbered.has(message.message_id))
  const fates = new Map(log.pending.map((message) => [message.message_id, message]))
  const pending = waiting.map((message) => {
    const before = fates.get(message.message_id)
    return before
      ? (addPending({ ...base, pending: [before] }, message).pending[0] ?? message)
      : message
  })
  return filled({ ...base, pending })
}

const bySeq = (a: Message, b: Message) => a.seq - b.seq

function joinKnown(log: Log, known: Map<number, Message>, message: Message): Message {
  const before = known.get(message.seq)
  const fated = withFate(log, message)
  return before ? joined(before, fated) : fated
}

/** Put an older page before the window; past the maximum the newest part is let go (S7). */
export function applyOlder(log: Log, page: HistoryPage): Log {
  const first = log.messages[0]?.seq ?? page.last_seq + 1
  const older = page.messages.filter((message) => message.seq < first)
  const lineIds = new Set(log.lines.map((line) => line.line_id))
  const messages = [...older.map((message) => withFate(log, stated(message))), ...log.messages]
  const kept = messages.slice(0, WINDOW_MAX)
  const trimmed = messages.length - kept.length
  return {
    ...log,
    messages: kept,
    hasOlder: page.has_more,
    lines: [...page.lines.filter((line) => !lineIds.has(line.line_id)), ...log.lines],
    atNewest: log.atNewest && trimmed === 0,
    newer: log.newer + trimmed,
    aside: trimmed ? [] : log.aside,
  }
}

/** Put a page after a window that is not at the newest part; the oldest part is let go (S7). */
export function applyNewer(log: Log, page: HistoryPage): Log {
  const last = log.messages.at(-1)?.seq ?? 0
  const newer = page.messages.filter((message) => message.seq > last)
  if (newer[0] && newer[0].seq !== last + 1) return applyNewest(log, page)
  const lineIds = new Set(log.lines.map((line) => line.line_id))
  const messages = [...log.messages, ...newer.map((message) => withFate(log, stated(message)))]
  const kept = messages.slice(-WINDOW_MAX)
  const reached = kept.at(-1)?.seq ?? 0
  const lastSeq = Math.max(log.lastSeq, page.last_seq)
  const atNewest = reached >= lastSeq
  return {
    ...log,
    messages: kept,
    aside: atNewest ? [] : log.aside,
    lines: [...log.lines, ...page.lines.filter((line) => !lineIds.has(line.line_id))],
    hasOlder: log.hasOlder || kept.length < messages.length,
    lastSeq,
    atNewest,
    newer: Math.max(0, lastSeq - reached),
  }
}

/** Open a window that ends at this page, wherever it lies: a link or a search result (T8). */
export function applyAround(log: Log, page: HistoryPage): Log {
  const opened = applyNewest({ ...log, messages: [], aside: [] }, page)
  const reached = page.messages.at(-1)?.seq ?? page.last_seq
  const behind = Math.max(log.lastSeq, page.last_seq) - reached
  return { ...opened, lastSeq: reached + behind, atNewest: behind === 0, newer: behind }
}

/** Join a page that covers a part of the window, after a reconnect: events without number (S6). */
export function applyRefresh(log: Log, page: HistoryPage): Log {
  const fresh = new Map(page.messages.map((message) => [message.seq, message]))
  return {
    ...log,
    messages: log.messages.map((message) => {
      const news = fresh.get(message.seq)
      return news ? joined(message, stated(news)) : message
    }),
    otherReadSeq: Math.max(log.otherReadSeq, page.other_read_seq),
  }
}
