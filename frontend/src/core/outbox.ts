/** Queued sends, the price each was agreed at, and their fate (S5). One press, at most one charge. */
import type { Receipt, Refused } from '../gen/protocol'
import type { Disk } from './disk'
import type { Ask, Unanswered } from './socket'
import { uuid7 } from './uuid7'

export const CONSENT_MS = 3_600_000
const TRIES = 3

export type ItemStatus =
  /** Waits for the network or its turn. */
  | 'queued'
  | 'sending'
  /** Will not send itself: the price rose, an hour passed, or the money ran out. Press again. */
  | 'asking'
  /** Refused, or never confirmed. */
  | 'failed'
  /** The receipt said delivered; the event that brings the numbered message is on its way. */
  | 'sent'

export interface OutboxItem {
  clientId: string
  conversationId: string
  body: string
  offerId?: string
  replyTo?: string
  /** The price that was on the button; 0 when it said free. */
  maxPriceCents: number
  createdMs: number
  status: ItemStatus
  /** Since when the frame is under way: `checking` is said after 600 ms. */
  sentMs?: number
  /** Why it asks or failed. Null with `failed`: no answer came. */
  refusal: Refused | null
  /** Why it asks without a refusal of its own. */
  why?: 'old' | 'money'
  messageId?: string
  seq?: number
}

export interface Draft {
  body: string
  maxPriceCents: number
  offerId?: string
  replyTo?: string
}

export interface OutboxPort {
  disk: Disk
  request: (ask: Extract<Ask, { t: 'send_message' }>) => Promise<Receipt | Refused | Unanswered>
  ready: () => boolean
  onChange: (items: readonly OutboxItem[]) => void
  onReceipt: (item: OutboxItem, receipt: Receipt) => void
  now: () => number
  wait?: (ms: number) => Promise<void>
  /** Keeps two tabs of one account from draining at once. */
  exclusively?: <T>(work: () => Promise<T>) => Promise<T>
}

const AGAIN = new Set(['too_fast', 'busy', 'internal_error'])
const CONSENT = new Set(['price_changed', 'insufficient_funds', 'budget_reached'])

export class Outbox {
  items: readonly OutboxItem[] = []
  private readonly busy = new Set<string>()
  private readonly tries = new Map<string, number>()

  constructor(private readonly port: OutboxPort) {}

  /** Take up what an earlier visit left; what is too old asks first. */
  async load(): Promise<void> {
    const kept = await this.port.disk.items()
    const woken = kept.map((item) =>
      this.asksWhenOld(item.status === 'sending' ? queued(item) : item),
    )
    const known = new Set(this.items.map((item) => item.clientId))
    this.set([...woken.filter((item) => !known.has(item.clientId)), ...this.items].sort(byAge))
  }

  /** One press. On disk before any frame leaves; resolves to the new item's client id. */
  async send(conversationId: string, draft: Draft): Promise<string> {
    const now = this.port.now()
    const clientId = uuid7(now)
    const item: OutboxItem = {
      clientId, conversationId, ...draft, createdMs: now, status: 'queued', refusal: null,
    } // prettier-ignore
    this.set([...this.items, item])
    await this.port.disk.putItem(item)
    void this.drain()
    return clientId
  }

  /**
   * Press again. Unchanged, the same item goes again under its client id, which charges at most
   * once; another price or text is another message, with a client id of its own.
   */
  async retry(clientId: string, change: Partial<Draft> = {}): Promise<string | null> {
    const item = this.find(clientId)
    if (!item || item.status === 'sending' || item.status === 'sent') return null
    const wanted: Draft = { ...draftOf(item), ...change }
    if (!same(wanted, draftOf(item))) {
      await this.discard(clientId)
      return this.send(item.conversationId, wanted)
    }
    this.tries.delete(clientId)
    await this.put({ ...queued(item), createdMs: this.port.now() })
    void this.drain()
    return clientId
  }

  /** Take an item back. False when its frame has left and nobody knows yet what became of it. */
  async discard(clientId: string): Promise<boolean> {
    const item = this.find(clientId)
    if (!item || item.status === 'sending' || item.status === 'sent') return false
    this.set(this.items.filter((known) => known !== item))
    await this.port.disk.dropItem(clientId)
    return true
  }

  /** The numbered or pending copy has arrived by another way: the item has done its work. */
  settle(clientId: string): void {
    const item = this.find(clientId)
    if (!item) return
    this.set(this.items.filter((known) => known !== item))
    void this.port.disk.dropItem(clientId)
  }

  /** Send what waits, first in first out, one in flight for each conversation. */
  async drain(): Promise<void> {
    const conversations = new Set(
      this.items.filter((item) => item.status === 'queued').map((item) => item.conversationId),
    )
    await Promise.all([...conversations].map((id) => this.drainOne(id)))
  }

  private async drainOne(conversationId: string): Promise<void> {
    if (this.busy.has(conversationId)) return
    this.busy.add(conversationId)
    try {
      for (let item = this.next(conversationId); item; item = this.next(conversationId)) {
        const turn = item
        const exclusively = this.port.exclusively ?? ((work) => work())
        if (!(await exclusively(() => this.attempt(turn)))) return
      }
    } finally {
      this.busy.delete(conversationId)
    }
  }

  private next(conversationId: string): OutboxItem | undefined {
    if (!this.port.ready()) return undefined
    return this.items.find(
      (item) => item.conversationId === conversationId && item.status === 'queued',
    )
  }

  /** One try. False when the line went: the rest waits for the next connection. */
  private async attempt(queuedItem: OutboxItem): Promise<boolean> {
    const asked = this.asksWhenOld(queuedItem)
    if (asked.status !== 'queued') return this.put(asked).then(() => true)
    const item: OutboxItem = { ...asked, status: 'sending', sentMs: this.port.now() }
    await this.put(item)
    const answer = await this.port.request({
      t: 'send_message',
      conversation_id: item.conversationId,
      client_id: item.clientId,
      body: item.body,
      offer_id: item.offerId,
      reply_to: item.replyTo,
      max_price_cents: item.maxPriceCents,
    })
    if (answer.t === 'receipt') return this.accepted(item, answer)
    if (answer.t === 'refused') return this.refused(item, answer)
    return this.unanswered(item)
  }

  private async accepted(item: OutboxItem, receipt: Receipt): Promise<boolean> {
    this.tries.delete(item.clientId)
    const messageId = receipt.message_id ?? undefined
    const seq = receipt.seq ?? undefined
    const sent: OutboxItem = { ...item, status: 'sent', messageId, seq }
    if (this.find(item.clientId)) {
      this.set(this.items.map((known) => (known.clientId === item.clientId ? sent : known)))
    }
    await this.port.disk.dropItem(item.clientId)
    this.port.onReceipt(sent, receipt)
    return true
  }

  private async refused(item: OutboxItem, refusal: Refused): Promise<boolean> {
    if (AGAIN.has(refusal.code) && this.triedOnce(item) < TRIES) {
      await this.put(queued(item))
      await this.pause(refusal.retry_after_ms ?? this.delay(item))
      return true
    }
    this.tries.delete(item.clientId)
    await this.put({ ...item, status: CONSENT.has(refusal.code) ? 'asking' : 'failed', refusal })
    if (refusal.code === 'insufficient_funds' || refusal.code === 'budget_reached') {
      await this.askForAllPaid()
    }
    return true
  }

  private async unanswered(item: OutboxItem): Promise<boolean> {
    if (!this.find(item.clientId)) return true // its event told us before
    if (!this.port.ready()) {
      await this.put(queued(item))
      return false
    }
    if (this.triedOnce(item) >= TRIES) {
      this.tries.delete(item.clientId)
      await this.put({ ...item, status: 'failed', refusal: null })
      return true
    }
    await this.put(queued(item))
    await this.pause(this.delay(item))
    return true
  }

  /** Money ran out: nothing paid that was pressed before that sends itself any more. */
  private async askForAllPaid(): Promise<void> {
    const paid = this.items.filter((item) => item.status === 'queued' && item.maxPriceCents > 0)
    for (const item of paid) await this.put({ ...item, status: 'asking', why: 'money' })
  }

  private asksWhenOld(item: OutboxItem): OutboxItem {
    const old = this.port.now() - item.createdMs > CONSENT_MS
    return old && item.status === 'queued' ? { ...item, status: 'asking', why: 'old' } : item
  }

  private triedOnce(item: OutboxItem): number {
    const tries = (this.tries.get(item.clientId) ?? 0) + 1
    this.tries.set(item.clientId, tries)
    return tries
  }

  private delay(item: OutboxItem): number {
    return 1_000 * 2 ** ((this.tries.get(item.clientId) ?? 1) - 1)
  }

  private pause(ms: number): Promise<void> {
    return (this.port.wait ?? ((delay) => new Promise((resolve) => setTimeout(resolve, delay))))(ms)
  }

  private find(clientId: string): OutboxItem | undefined {
    return this.items.find((item) => item.clientId === clientId)
  }

  private async put(item: OutboxItem): Promise<void> {
    if (!this.find(item.clientId)) return
    this.set(this.items.map((known) => (known.clientId === item.clientId ? item : known)))
    await this.port.disk.putItem(item)
  }

  private set(items: readonly OutboxItem[]): void {
    this.items = items
    this.port.onChange(items)
  }
}

const byAge = (a: OutboxItem, b: OutboxItem) => (a.clientId < b.clientId ? -1 : 1)

function queued(item: OutboxItem): OutboxItem {
  return { ...item, status: 'queued', sentMs: undefined, refusal: null, why: undefined }
}

function draftOf(item: OutboxItem): Draft {
  const { body, maxPriceCents, offerId, replyTo } = item
  return { body, maxPriceCents, offerId, replyTo }
}

function same(a: Draft, b: Draft): boolean {
  return (
    a.body === b.body &&
    a.maxPriceCents === b.maxPriceCents &&
    a.offerId === b.offerId &&
    a.replyTo === b.replyTo
  )
}
