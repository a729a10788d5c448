import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreContext } from '../src/core/hooks'
import type { Line, PendingMessage } from '../src/core/log'
import type { OutboxItem } from '../src/core/outbox'
import type { Row } from '../src/core/rows'
import type { Store } from '../src/core/store'
import { setLanguage } from '../src/i18n'
import { MessageStub } from '../src/timeline/MessageStub'
import { OutboxNotice } from '../src/timeline/OutboxNotice'
import { Timeline, type Slots } from '../src/timeline/Timeline'
import type { Author } from '../src/timeline/entries'
import { CONVERSATION, NOW, connected, delivered } from './wire'

const self: Author = { name: '', own: true, sealed: false }
const other: Author = { name: 'Velours', own: false, sealed: true }
const authorOf = (id: string) => (id === 'me' ? self : other)
const slots = (reader: 'fan' | 'creator'): Slots => ({
  onActions: () => undefined,
  money: (bubble) => <MessageStub bubble={bubble} reader={reader} />,
  unsent: (bubble) => <OutboxNotice bubble={bubble} onEdit={() => undefined} />,
})

const item = (status: OutboxItem['status'], more: object = {}): Row => {
  const known: OutboxItem = {
    clientId: 'k', conversationId: CONVERSATION, body: 'Mine', maxPriceCents: 200,
    createdMs: Date.now(), status, refusal: null, ...more,
  } // prettier-ignore
  return { kind: 'outbox', key: 'k', item: known }
}
const pending = (state: string, more: object = {}): Row => {
  const message: PendingMessage = {
    message_id: 'p', client_id: 'k', state, body: 'Mine', sent_at: NOW(), after_seq: 0,
    price_cents: 200, ...more,
  } // prettier-ignore
  return { kind: 'pending', key: 'k', message }
}
const message = (more: object = {}): Row => ({
  kind: 'message', key: 'm', message: delivered(1, more),
}) // prettier-ignore
const line = (kind: string, more: object = {}): Row => {
  const known: Line = { line_id: kind, after_seq: 0, kind, at: NOW(), ...more }
  return { kind: 'line', key: kind, line: known }
}
const refusal = (code: string, more: object = {}) => ({
  refusal: { t: 'refused', r: '', code, detail: '', ...more },
})
const MINE = { sender_id: 'me', price_cents: 200, amount_cents: 200 }
const DUE = new Date(Date.now() + 3_600_000).toISOString()

/** Every state of an own message and of its money: what must be read, in both languages. */
const STATES: Record<string, { row: Row; fr: RegExp; en: RegExp }> = {
  queued: { row: item('queued'), fr: /partira au prix de 2,00\s€/, en: /will go at €2.00/ },
  sending: { row: item('sending', { sentMs: Date.now() }), fr: /Envoi…/, en: /Sending…/ },
  checking: { row: item('sending', { sentMs: Date.now() - 900 }), fr: /Vérification…/, en: /Checking…/ },
  failed: { row: item('failed', refusal('too_late')), fr: /Non envoyé\s: Délai/, en: /Not sent: Too late/ },
  unconfirmed: { row: item('failed'), fr: /jamais payer deux fois/, en: /never charges twice/ },
  old: { row: item('asking', { why: 'old' }), fr: /plus d’une heure/, en: /more than an hour/ },
  'price changed': { row: item('asking', refusal('price_changed', { price_cents: 300 })), fr: /prix est maintenant de 3,00\s€/, en: /price is now €3.00/ },
  'no money': { row: item('asking', refusal('insufficient_funds', { missing_cents: 140 })), fr: /il manque 1,40\s€/, en: /€1.40 missing/ },
  held: { row: pending('held', { decide_before: DUE }), fr: /Une personne relit, au plus tard/, en: /A person is reading, by/ },
  withheld: { row: pending('withheld', { statement_url: '/statements/1' }), fr: /décision humaine/, en: /decided by a person/ },
  expired: { row: pending('expired'), fr: /Personne n’a décidé à temps/, en: /Nobody decided in time/ },
  unsent: { row: message({ ...MINE, state: 'unsent', body: '' }), fr: /Message retiré/, en: /Message unsent/ },
  withdrawn: { row: message({ state: 'withheld', body: '' }), fr: /retiré par décision humaine/, en: /by a person’s decision/ },
  delivered: { row: message(MINE), fr: /Remis/, en: /Delivered/ },
  edited: { row: message({ ...MINE, edited_at: NOW() }), fr: /Modifié/, en: /Edited/ },
  reserved: { row: message({ ...MINE, money: 'reserved', answer_due_at: DUE }), fr: /Réservé · réponse avant/, en: /Reserved · answer before/ },
  captured: { row: message({ ...MINE, money: 'captured' }), fr: /Débité · répondu en personne/, en: /Charged · answered in person/ },
  refunded: { row: message({ ...MINE, money: 'refunded' }), fr: /Remboursé/, en: /Refunded/ },
  assistant: { row: message({ author_kind: 'assistant' }), fr: /Assistant/, en: /Assistant/ },
  automatic: { row: message({ author_kind: 'automatic' }), fr: /Automatique/, en: /Automatic/ },
  'with AI': { row: message({ author_kind: 'ai_assisted' }), fr: /Écrit avec une IA/, en: /Written with AI/ },
  'price line': { row: line('price_changed', { price_cents: 300 }), fr: /coûte maintenant 3,00\s€/, en: /now costs €3.00/ },
  'refund line': { row: line('answer_refunded', { amount_cents: 200, reason: 'unanswered' }), fr: /sans réponse · 2,00\s€/, en: /not answered · €2.00/ },
  'moderator line': { row: line('moderator_joined', { moderator: 'M-17', reason: 'x' }), fr: /modérateur \(M-17\) est entré/, en: /moderator \(M-17\) has joined/ },
  'pause line': { row: line('conversation_paused', { moderator: 'M-17', reason: 'x', until: DUE }), fr: /mise en pause/, en: /paused by a moderator/ },
} // prettier-ignore

let store: Store
beforeEach(async () => {
  localStorage.setItem('aparte-plain_list', '1') // jsdom lays nothing out
  Element.prototype.scrollIntoView = () => undefined
  ;({ store } = await connected())
  return async () => {
    store.stop()
    await setLanguage('fr')
  }
})

function show(rows: Row[], reader: 'fan' | 'creator' = 'fan', more: object = {}) {
  return render(
    <StoreContext value={store}>
      <Timeline rows={rows} authorOf={authorOf} self={self} slots={slots(reader)} {...more} />
    </StoreContext>,
  )
}

async function violations(): Promise<string[]> {
  const rules = { region: { enabled: false }, 'color-contrast': { enabled: false } }
  const found = await axe.run(document.body, { rules })
  return found.violations.map((one) => `${one.id}: ${one.nodes[0]?.html ?? ''}`)
}

describe.each(['fr', 'en'] as const)('in %s', (language) => {
  it.each(Object.keys(STATES))('%s is said in words, and axe finds nothing', async (name) => {
    await setLanguage(language)
    const state = STATES[name]!
    show([state.row])
    await vi.waitFor(() => expect(document.body.textContent).toMatch(state[language]))
    expect(await violations()).toEqual([])
  })
})

describe('the creator', () => {
  it('reads the own share and never the word of the fan', async () => {
    show(
      [message({ price_cents: 200, amount_cents: 134, money: 'reserved', answer_due_at: DUE })],
      'creator',
    )
    expect(await screen.findByText(/1,34\s€ pour vous si vous répondez en personne/)).toBeVisible()
    expect(document.body.textContent).not.toMatch(/2,00/)
  })
})

describe('a face without the money slot', () => {
  it('shows no amount of a message', async () => {
    render(
      <Timeline rows={[message({ ...MINE, money: 'captured' })]} authorOf={authorOf} self={self} />,
    )
    expect(await screen.findByText('Message 1')).toBeVisible()
    expect(document.body.textContent).not.toMatch(/€/)
  })
})

describe('the list', () => {
  const many = [1, 2, 3].map((seq): Row => ({
    kind: 'message', key: `m${seq}`, message: delivered(seq),
  })) // prettier-ignore

  it('is one stop of Tab; arrows, Home and End move between its rows', async () => {
    show(many)
    const rows = await screen.findAllByRole('article')
    expect(rows.map((row) => row.tabIndex)).toEqual([-1, -1, 0])
    rows[2]!.focus()
    await userEvent.keyboard('{ArrowUp}')
    expect(rows[1]).toHaveFocus()
    await userEvent.keyboard('{Home}')
    expect(rows[0]).toHaveFocus()
    await userEvent.keyboard('{End}')
    expect(rows[2]).toHaveFocus()
  })

  it('Enter opens the acts of a row, Esc goes back to the composer', async () => {
    const onActions = vi.fn()
    const onLeave = vi.fn()
    show(many, 'fan', { slots: { onActions }, onLeave })
    const rows = await screen.findAllByRole('article')
    rows[1]!.focus()
    await userEvent.keyboard('{Enter}')
    expect(onActions).toHaveBeenCalledWith(expect.objectContaining({ messageId: 'm2' }))
    await userEvent.keyboard('{Escape}')
    expect(onLeave).toHaveBeenCalledTimes(1)
  })

  it('names author and seal before the text, also where the head line is shared', async () => {
    show(many)
    const rows = await screen.findAllByRole('article')
    for (const row of rows) expect(row).toHaveAccessibleName(/^Velours\s*En personne.*Message/)
  })

  it('reports as read only what is numbered, and only while the page has the focus', async () => {
    const onRead = vi.fn()
    const focused = vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    const view = show(many, 'fan', { onRead })
    await new Promise(requestAnimationFrame)
    expect(onRead).not.toHaveBeenCalled()
    focused.mockReturnValue(true)
    view.unmount()
    show([...many, item('queued')], 'fan', { onRead })
    await vi.waitFor(() => expect(onRead).toHaveBeenCalledWith(3))
  })

  it('asks for earlier messages by a button in plain mode', async () => {
    const onOlder = vi.fn()
    show(many, 'fan', { hasOlder: true, onOlder })
    await userEvent.click(await screen.findByRole('button', { name: /messages précédents/ }))
    expect(onOlder).toHaveBeenCalledTimes(1)
  })
})
