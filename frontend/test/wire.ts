/** A store on a scripted server: what the screens of a conversation are tested on. */
import { memoryDisk } from '../src/core/disk'
import { Store } from '../src/core/store'

export type Sent = { t: string; r: string; [field: string]: unknown }
export const CONVERSATION = '01990000-0000-7000-8000-00000000000c'
export const NOW = () => new Date().toISOString()

const LIMITS = {
  body_max_characters: 5000, unsend_window_seconds: 120, edit_window_seconds: 900,
} // prettier-ignore

/** The other end of the socket. Commands are in `sent`; `answers` may be replaced by a test. */
export class ScriptedServer {
  sent: Sent[] = []
  price = 200
  balance = 2000
  page: object = { messages: [], lines: [], pending: [], last_seq: 0 }
  answers: Record<string, (command: Sent) => object | null> = {
    history: () => ({
      t: 'history_page', has_more: false, own_read_seq: 0, other_read_seq: 0, ...this.page,
    }),
    resume: () => ({ t: 'resumed', complete: true }),
    quote: () => ({
      t: 'quoted', allowed: true, price_cents: this.price, balance_cents: this.balance,
      reason: 'creator_default', answer_deadline_hours: 72, ways_in: [],
    }),
    ping: () => ({ t: 'pong', server_time: NOW() }),
  } // prettier-ignore
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null

  send(data: string): void {
    const command = JSON.parse(data) as Sent
    this.sent.push(command)
    const answer = this.answers[command.t]?.(command)
    const { r, conversation_id } = command
    if (answer) queueMicrotask(() => this.tell({ r, conversation_id, ...answer }))
  }
  close(): void {}
  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  all(t: string): Sent[] {
    return this.sent.filter((command) => command.t === t)
  }
}

/** A fan's store, connected; `prepare` scripts the server before anything is asked. */
export async function connected(
  prepare: (server: ScriptedServer) => void = () => undefined,
): Promise<{ store: Store; server: ScriptedServer }> {
  const server = new ScriptedServer()
  prepare(server)
  const store = new Store({
    accountId: 'me', role: 'fan', disk: memoryDisk(), url: 'ws://x', wire: 'json',
    random: () => 0, sessionAlive: () => Promise.resolve(true), onCaughtUp: () => undefined,
    loadWallet: () => Promise.resolve({ balanceCents: server.balance, reservedCents: 0 }),
    onBug: (what) => { throw new Error(what) },
    open: () => server as unknown as WebSocket,
  }) // prettier-ignore
  await store.start()
  server.tell({ t: 'welcome', server_time: NOW(), limits: LIMITS })
  return { store, server }
}

/** A message of the other side, unless `more` says otherwise. */
export const delivered = (seq: number, more: object = {}) => ({
  t: 'message_delivered' as const, conversation_id: CONVERSATION, seq, message_id: `m${seq}`,
  sender_id: 'them', author_kind: 'in_person', body: `Message ${seq}`, state: 'delivered',
  sent_at: NOW(), delivered_at: NOW(), ...more,
}) // prettier-ignore
