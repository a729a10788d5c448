import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import CreatorFace from '../src/faces/creator'
import { NotCertified } from '../src/faces/creator/certification/NotCertified'
import { waitingIn } from '../src/faces/creator/conversation/waiting'
import { typed } from '../src/faces/creator/prices/typed'
import { inMs, refusal, scripted, showFor, violations, type Answers, type Asked } from './faces'
import { CONVERSATION, delivered } from './wire'

const HOUR = 3_600_000
const CARD = {
  id: CONVERSATION, other_id: 'them', other_name: 'Fan Un', other_certified: false, state: 'open',
  last_body: 'Bonsoir', last_at: inMs(-6 * HOUR), last_seq: 2, unread: 1, price_cents: 200, waiting: 2,
  waiting_since: inMs(-6 * HOUR), answer_due_at: inMs(66 * HOUR), reserved_cents: 400,
} // prettier-ignore
const HEAD = {
  card: CARD, creator_id: 'me', fan_id: 'them', certified_at: inMs(0), spent_month_cents: null,
  spent_ever_cents: null, author_kinds: ['in_person'],
} // prettier-ignore
const SPLIT = {
  price_cents: 800, vat_rate_percent: 20, vat_cents: 133, creator_cents: 534, reserve_cents: 7,
  bank_cents: 24, platform_cents: 102,
} // prettier-ignore
const PRICES = {
  default_cents: null, platform_default_cents: 200, reply_window_hours: null, answer_deadline_hours: 72,
  fans: [{ fan_id: 'them', name: 'Fan Un', price_cents: 300 }], free_list: [], min_cents: 50,
  max_cents: 5000, split: SPLIT,
  resolution: ['fan_price', 'free_list', 'reply_window', 'creator_default', 'platform_default'],
} // prettier-ignore
const WHY = {
  price_cents: 300, reason: 'fan_price', free_after_reply_hours: null,
  steps: [{ reason: 'fan_price', cents: 300, decides: true }, { reason: 'free_list', cents: null, decides: false }],
} // prettier-ignore
const PHOTO = {
  media_id: 'p1', state: 'ready', offset: 10, declared_bytes: 10, file_name: 'scene.jpg', failure: '',
  width: 4, height: 3, size_bytes: 10, created_at: inMs(0), thumbnail_url: '/api/studio/media/p1/thumbnail',
} // prettier-ignore
const LINE = {
  receipt_id: 1, at: inMs(0), kind: 'sale', subject_kind: 'message', subject_id: 's', fan_id: 'them',
  fan_name: 'Fan Un', gross_cents: 200, vat_rate_percent: 20, vat_cents: 33, creator_cents: 134,
  reserve_cents: 2, bank_cents: 6, platform_cents: 25, available_at: inMs(168 * HOUR), released: false,
} // prettier-ignore
const waiting = (seq: number) =>
  delivered(seq, {
    money: 'reserved',
    amount_cents: 134,
    price_cents: 200,
    answer_due_at: inMs(66 * HOUR),
  })

let answers: Answers
let asked: Asked[]

beforeEach(() => {
  localStorage.setItem('aparte-plain_list', '1')
  Element.prototype.scrollIntoView = () => undefined
  URL.createObjectURL = () => 'blob:x'
  answers = {
    'GET /api/conversations': { items: [CARD], next: null },
    [`GET /api/conversations/${CONVERSATION}`]: HEAD,
    [`POST /api/conversations/${CONVERSATION}/messages/m1/decline`]: HEAD,
    'GET /api/studio/prices': PRICES,
    'PUT /api/studio/prices': PRICES,
    'GET /api/studio/prices/why': WHY,
    'GET /api/studio/prices/split': SPLIT,
    'GET /api/studio/media': { media: [PHOTO, { ...PHOTO, media_id: 'p2', state: 'failed', thumbnail_url: null, file_name: 'x.svg' }], next_before: null },
    'POST /api/studio/offers': { status: 201, body: { offer_id: 'o1', price_cents: 800, media_count: 1 } },
    'GET /api/studio/earnings': {
      today_cents: 134, last_30_days_cents: 134, pending_cents: 134, available_cents: 0, currency: 'EUR',
      pending_days: 7, lines: { items: [LINE, { ...LINE, receipt_id: 2, kind: 'credit_note' }], next: null },
    },
  } // prettier-ignore
  asked = scripted(answers)
})

async function studio(path: string, messages: object[] = []) {
  history.replaceState(null, '', path)
  return showFor('creator', <CreatorFace />, (server) => {
    server.page = { messages, lines: [], pending: [], last_seq: messages.length }
  })
}
const openConversation = () => studio(`/studio/${CONVERSATION}`, [waiting(1), waiting(2)])
const field = () => screen.findByRole('textbox', { name: 'Votre message' })

describe('the inbox', () => {
  it('says what waits, since when, and when it is refunded', async () => {
    await studio('/studio')
    const row = await screen.findByRole('link', { name: /Fan Un/ })
    expect(row).toHaveTextContent(/4,00.€.*réservés · 2 en attente.*depuis 6 h.*remboursé dans 2 j/)
    expect(await violations()).toEqual([])
  })

  it('filters what waits, and says when nothing does', async () => {
    answers['GET /api/conversations'] = ({ query }: Asked) => ({
      items: query.includes('waiting') ? [] : [CARD], next: null,
    }) // prettier-ignore
    await studio('/studio')
    await screen.findByRole('link', { name: /Fan Un/ })
    await userEvent.click(screen.getByRole('button', { name: 'En attente' }))
    expect(await screen.findByText('Aucun message payé n’attend de réponse.')).toBeVisible()
  })
})

describe('an answer', () => {
  it('says on its button what it earns, and under it how many messages it settles', async () => {
    await openConversation()
    await field()
    expect(
      await screen.findByRole('button', { name: /Répondre en personne · 2,68.€ pour vous/ }),
    ).toBeVisible()
    expect(screen.getByText('Cette réponse règle 2 messages en attente.')).toBeVisible()
    expect(await violations()).toEqual([])
  })

  it('goes free of charge, once', async () => {
    const { server } = await openConversation()
    server.answers.send_message = () => ({ t: 'receipt', state: 'delivered', replay: false })
    await userEvent.type(await field(), 'Bonsoir, samedi.')
    await userEvent.click(screen.getByRole('button', { name: /Répondre en personne/ }))
    await waitFor(() => expect(server.all('send_message')).toHaveLength(1))
    expect(server.all('send_message')[0]).toMatchObject({
      body: 'Bonsoir, samedi.',
      max_price_cents: 0,
    })
  })

  it('earns nothing with priced media alone, and says so', async () => {
    const { server } = await openConversation()
    await field()
    await userEvent.click(await screen.findByRole('button', { name: 'Joindre un média payant' }))
    await userEvent.click(await screen.findByRole('checkbox', { name: /scene.jpg/ }))
    await userEvent.type(screen.getByRole('textbox', { name: 'Prix, TVA comprise' }), '8')
    expect(await screen.findByText(/5,34.€/)).toBeVisible()
    expect(await violations()).toEqual([])
    await userEvent.click(screen.getByRole('button', { name: 'Joindre au message' }))
    expect(await screen.findByText(/Un média payant seul n’est pas une réponse/)).toBeVisible()
    const offer = asked.find(({ path }) => path === '/api/studio/offers')
    expect(offer?.body).toMatchObject({
      conversation_id: CONVERSATION,
      media_ids: ['p1'],
      price_cents: 800,
    })
    await userEvent.click(await screen.findByRole('button', { name: 'Envoyer' }))
    await waitFor(() =>
      expect(server.all('send_message')[0]).toMatchObject({ offer_id: 'o1', body: '' }),
    )
  })

  it('has bounds for the price of media', async () => {
    await openConversation()
    await field()
    await userEvent.click(await screen.findByRole('button', { name: 'Joindre un média payant' }))
    await userEvent.click(await screen.findByRole('checkbox', { name: /scene.jpg/ }))
    await userEvent.type(screen.getByRole('textbox', { name: 'Prix, TVA comprise' }), '1,99')
    expect(screen.getByText(/Entre 2,00.€ et 200,00.€/)).toBeVisible()
    expect(screen.getByRole('button', { name: 'Joindre au message' })).toHaveAttribute(
      'aria-disabled',
      'true',
    )
  })

  it('may be declined, which gives the price back', async () => {
    await openConversation()
    await field()
    const [first] = await screen.findAllByRole('button', { name: 'Décliner et rembourser' })
    await userEvent.click(first!)
    expect(await screen.findByText(/le prix est rendu au fan/)).toBeVisible()
    expect(asked.filter(({ path }) => path.endsWith('/m1/decline'))).toHaveLength(1)
  })

  it('is closed by a moderator’s pause, with the reason', async () => {
    answers[`GET /api/conversations/${CONVERSATION}`] = {
      ...HEAD,
      card: { ...CARD, state: 'paused' },
    }
    await studio(`/studio/${CONVERSATION}`, [waiting(1)])
    expect(await screen.findByText(/Les délais sont suspendus/)).toBeVisible()
    expect(screen.queryByRole('textbox', { name: 'Votre message' })).toBeNull()
  })
})

describe('what waits', () => {
  const row = (money: string, state = 'delivered') =>
    ({ kind: 'message', key: money, message: { ...waiting(1), money, state } }) as never

  it('counts reserved messages that are there, and their own part', () => {
    expect(waitingIn([row('reserved'), row('captured'), row('reserved', 'unsent')], 1)).toEqual({
      count: 1, ownCents: 134,
    }) // prettier-ignore
  })

  it('has no sum while some are not loaded', () => {
    expect(waitingIn([row('reserved')], 3)).toEqual({ count: 3, ownCents: null })
  })
})

describe('the vault', () => {
  it('shows each photo with its state in words', async () => {
    await studio('/studio/vault')
    expect(await screen.findByRole('img', { name: 'scene.jpg' })).toBeVisible()
    expect(screen.getByText('Fichier refusé')).toBeVisible()
    expect(await violations()).toEqual([])
  })
})

describe('the prices', () => {
  it('say the order of the rules, what each fan pays, and what the creator receives', async () => {
    await studio('/studio/prices')
    expect(
      await screen.findByRole('textbox', { name: 'Prix d’un message, TVA comprise' }),
    ).toHaveValue('2,00')
    const order = screen.getByText(
      'La première qui s’applique au fan l’emporte.',
    ).nextElementSibling
    expect(within(order as HTMLElement).getAllByRole('listitem')[0]).toHaveTextContent(
      'Prix propre au fan',
    )
    expect(await screen.findByText(/5,34.€/)).toBeVisible()
    expect(screen.getByRole('rowheader', { name: 'Fan Un' })).toBeVisible()
    expect(await violations()).toEqual([])
  })

  it('explain the price of one fan with the server’s own reason', async () => {
    await studio('/studio/prices')
    await screen.findByRole('option', { name: 'Fan Un' })
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Fan' }), 'them')
    const step = (await screen.findByText('décide')).closest('li')
    expect(step).toHaveTextContent(/Prix propre au fan3,00.€ décide/)
  })

  it('are saved, or refused in words', async () => {
    await studio('/studio/prices')
    const price = await screen.findByRole('textbox', { name: 'Prix d’un message, TVA comprise' })
    await userEvent.clear(price)
    await userEvent.type(price, '99')
    const [save] = screen.getAllByRole('button', { name: 'Enregistrer' })
    expect(save).toHaveAttribute('aria-disabled', 'true')
    await userEvent.clear(price)
    await userEvent.type(price, '3,5')
    await userEvent.click(save!)
    await waitFor(() =>
      expect(asked.find(({ method }) => method === 'PUT')?.body).toMatchObject({
        default_cents: 350,
      }),
    )
    answers['PUT /api/studio/prices'] = refusal(403, { code: 'not_certified', detail: '' })
    await userEvent.click(save!)
    expect(await screen.findByText(/certification n’est pas complète/)).toBeVisible()
  })

  it('are typed as the language writes them', () => {
    expect([typed(250, 'fr'), typed(250, 'en')]).toEqual(['2,50', '2.50'])
  })
})

describe('the earnings', () => {
  it('give each receipt its parts and its date, and a credit note its minus', async () => {
    await studio('/studio/earnings')
    const rows = within(await screen.findByRole('table')).getAllByRole('row')
    expect(rows[1]).toHaveTextContent(/Message · Fan Un2,00.€0,33.€1,34.€le /)
    expect(rows[2]).toHaveTextContent(/avoir−2,00.€−0,33.€−1,34.€/)
    expect(await violations()).toEqual([])
  })
})

it('an account that is not certified reads what is missing', async () => {
  await showFor('creator', <NotCertified />)
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('ne peut rien vendre')
  expect(screen.getAllByRole('listitem')).toHaveLength(5)
  expect(await violations()).toEqual([])
})
