import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import ModeratorFace from '../src/faces/moderator'
import { needsTwo } from '../src/faces/moderator/case/Consequences'
import { Departures, UNDO_MS, type Judgement } from '../src/faces/moderator/case/departures'
import { sidesOf } from '../src/faces/moderator/case/LiveView'
import { pieces, quotes } from '../src/faces/moderator/case/spans'
import type { Case } from '../src/faces/moderator/desk'
import { toaster } from '../src/ui/Toast'
import { inMs, refusal, scripted, showFor, violations, type Answers, type Asked } from './faces'

const MINUTE = 60_000
const ROW = {
  id: 'c1', kind: 'message', queue: 'exploitation', policy: 'prost.solicit', severity: 3,
  language: 'en', source: 'machine', verdict: 'hold', state: 'open', opened_at: inMs(-5 * MINUTE),
  due_at: inMs(55 * MINUTE), decide_before: inMs(480 * MINUTE), needs_second: false, holder: null,
} // prettier-ignore
const BODY = 'I will pay you for a night at my hotel.'
const CASE = {
  ...ROW, conversation_id: 'k1', body: BODY, cause: '', policy_version: '1-x',
  findings: [{ policy: 'prost.solicit', action: 'hold', rule: 'prost.meeting', view: 'folded',
    spans: [[30, 38]], reason: 'A meeting is offered.', severity: 3, fragments: [] }],
  reports: [{ reason: 'paid_meeting', note: 'Again.' }],
  lines: [{ message_id: 'm1', author: 'fan', author_kind: 'in_person', body: BODY, sent_at: inMs(0),
    state: 'held', is_subject: true }],
  history: { cases: 2, withheld: 1, released: 0 },
  log: [{ kind: 'opened', at: inMs(0), actor: null }], may_decide: true,
  screening: { country: 'FR', channel: 'message', off: [], shadow: [] },
} // prettier-ignore
const RULES = [
  { id: 'prost.solicit', group: 'prost', queue: 'exploitation', severity: 3, title_fr: 'Rencontre payée',
    title_en: 'Paid meeting', article_fr: 'Interdit.', article_en: 'Offering is forbidden.' },
  { id: 'hate.speech', group: 'hate', queue: 'hate_violence', severity: 4, title_fr: 'Haine',
    title_en: 'Hate', article_fr: 'Non.', article_en: 'No hate.' },
] // prettier-ignore
const standing = (on: string | null) => ({
  name: 'M-17', on_duty_since: on, counts: { all: 2, mine: 0, exploitation: 1, hate_violence: 1 },
}) // prettier-ignore

let answers: Answers
let asked: Asked[]
const decisions = () => asked.filter(({ path }) => path.endsWith('/decide'))

beforeEach(() => {
  localStorage.setItem('aparte-plain_list', '1')
  Element.prototype.scrollTo = () => undefined
  answers = {
    'GET /api/desk/cases': { cases: [ROW, { ...ROW, id: 'c2', severity: 4, policy: 'hate.speech' }], next: null },
    'GET /api/desk/cases/c1': CASE,
    'GET /api/desk/cases/c2': { ...CASE, id: 'c2', policy: 'hate.speech' },
    'GET /api/desk/rules': RULES,
    'GET /api/desk/floods': [],
    'GET /api/desk/me': standing(inMs(0)),
    'PUT /api/desk/duty': standing(null),
    'POST /api/desk/cases/c1/claim': { lease_token: 7, until: inMs(3 * MINUTE) },
    'POST /api/desk/cases/c1/decide': { state: 'decided', decision_id: 'd1' },
    'POST /api/desk/cases/c1/give-back': { status: 204, body: {} },
  } // prettier-ignore
  asked = scripted(answers)
})

afterEach(() => {
  vi.useRealTimers()
  for (const shown of toaster.shown) toaster.close((shown as unknown as { id: number }).id)
})

async function desk(path: string) {
  history.replaceState(null, '', path)
  return showFor('moderator', <ModeratorFace />)
}

describe('the queue', () => {
  it('says rule, severity, clock, language and holder, and nothing about money', async () => {
    await desk('/desk')
    await screen.findByRole('link', { name: 'Rencontre payée' })
    const table = screen.getByRole('table')
    const [first] = within(table).getAllByRole('rowheader')
    expect(first).toHaveTextContent('Rencontre payée')
    expect(table).toHaveTextContent(/Élevée.*reste 5[45] min.*anglais.*détection.*personne/)
    expect(document.body.textContent).not.toMatch(/€|\d,\d\d/)
    expect(await violations()).toEqual([])
  })

  it('is walked with j and k, and o opens the case', async () => {
    await desk('/desk')
    await screen.findByRole('table')
    await userEvent.keyboard('j')
    expect(screen.getByRole('link', { name: 'Haine' })).toHaveFocus()
    await userEvent.keyboard('ko')
    await waitFor(() => expect(location.pathname).toBe('/desk/cases/c1'))
  })

  it('asks again when a colleague acts, and not for other news', async () => {
    const { server } = await desk('/desk')
    await screen.findByRole('table')
    const times = () => asked.filter(({ path }) => path === '/api/desk/cases').length
    const before = times()
    act(() => server.tell({ t: 'pong', server_time: inMs(0) }))
    await new Promise(requestAnimationFrame)
    expect(times()).toBe(before)
    const facts = {
      case_id: 'c1',
      kind: 'message',
      severity: 3,
      category: 'prost.solicit',
      due_at: inMs(0),
    }
    act(() => server.tell({ t: 'case_claimed', ...facts, moderator: 'M-23' }))
    await waitFor(() => expect(times()).toBe(before + 1))
  })

  it('is left and entered by the duty switch', async () => {
    await desk('/desk')
    const duty = await screen.findByRole('switch', { checked: true })
    await userEvent.click(duty)
    expect(await screen.findByRole('switch', { checked: false })).toBeVisible()
    const changes = asked.filter(
      ({ method, path }) => path === '/api/desk/duty' && method !== 'GET',
    )
    expect(changes).toMatchObject([{ body: { on: false } }])
  })

  it('says in one sentence that it is empty', async () => {
    answers['GET /api/desk/cases'] = { cases: [], next: null }
    await desk('/desk?queue=exploitation')
    expect(await screen.findByText(/Rien n’attend ici/)).toBeVisible()
    expect(asked.find(({ path }) => path === '/api/desk/cases')?.query).toContain(
      'queue=exploitation',
    )
    expect(await violations()).toEqual([])
  })
})

describe('a case', () => {
  it('marks the suspect words, as a signal and not a decision', async () => {
    await desk('/desk/cases/c1')
    await screen.findByRole('heading', { level: 1, name: /Dossier.: Rencontre payée/ })
    expect(document.querySelectorAll('mark')[0]).toHaveTextContent('my hotel')
    expect(screen.getByText(/Un signal, pas une décision/)).toBeVisible()
    expect(screen.getByText('Message soupçonné')).toBeVisible()
    expect(document.body.textContent).not.toMatch(/€|\d,\d\d/)
    expect(await violations()).toEqual([])
  })

  it('shows the earlier messages that a value was split over, in its signal and its window', async () => {
    const said = ['Mon numéro 06 39', 'Il fait beau', 'puis 98 12', 'et 34']
    const lines = said.map((body, number) => ({
      ...CASE.lines[0], message_id: `m${number}`, body, is_subject: number === 3, state: 'delivered',
    })) // prettier-ignore
    const finding = { ...CASE.findings[0], spans: [[3, 5]], fragments: ['m0', 'm2'] }
    answers['GET /api/desk/cases/c1'] = { ...CASE, body: said[3], lines, findings: [finding] }
    await desk('/desk/cases/c1')
    const words = await screen.findByText(/répartie sur plusieurs messages. Les 2 d’avant/)
    const parts = within(words.nextElementSibling as HTMLElement).getAllByRole('listitem')
    expect(parts.map((part) => part.querySelector('q')?.textContent)).toEqual([said[0], said[2]])
    const window = within(screen.getByRole('list', { name: 'Conversation' }))
    const marked = window.getAllByRole('listitem').map((line) => line.textContent)
    expect(marked.map((text) => /Une partie de ce qui est soupçonné/.test(text))).toEqual([
      true, false, true, false,
    ]) // prettier-ignore
    expect(await violations()).toEqual([])
  })

  it('says of one earlier message that it is one, and of none nothing', async () => {
    const lines = [{ ...CASE.lines[0], message_id: 'm0', is_subject: false }, CASE.lines[0]]
    const finding = { ...CASE.findings[0], fragments: ['m0'] }
    answers['GET /api/desk/cases/c1'] = { ...CASE, lines, findings: [finding] }
    await desk('/desk/cases/c1')
    expect(await screen.findByText(/écrite en deux messages/)).toBeVisible()
  })

  it('cannot be decided before it is claimed', async () => {
    await desk('/desk/cases/c1')
    const decide = await screen.findByRole('button', { name: 'Décider' })
    expect(decide).toHaveAttribute('aria-disabled', 'true')
    await userEvent.keyboard('rn')
    expect(decisions()).toEqual([])
    await userEvent.click(screen.getByRole('button', { name: 'Prendre en charge' }))
    expect(await screen.findByRole('timer')).toHaveTextContent(/À vous encore (3:00|2:5\d)/)
    expect(screen.getByRole('button', { name: 'Décider' })).not.toHaveAttribute('aria-disabled')
  })

  it('proposes the article in the language of the person concerned, and says what follows', async () => {
    await desk('/desk/cases/c1')
    await screen.findByRole('button', { name: 'Prendre en charge' })
    await screen.findByRole('heading', { level: 1, name: /Dossier.: Rencontre payée/ })
    await userEvent.keyboard('w')
    const reason = await screen.findByRole('textbox', { name: /Raisons/ })
    expect(reason).toHaveValue('Offering is forbidden.')
    expect(reason).toHaveAttribute('lang', 'en')
    expect(screen.getByText('Le message n’est jamais remis.')).toBeVisible()
    expect(screen.getByText('L’argent éventuel revient à son propriétaire.')).toBeVisible()
    await userEvent.selectOptions(
      screen.getByRole('combobox', { name: 'Règle appliquée' }),
      'hate.speech',
    )
    expect(reason).toHaveValue('No hate.')
    expect(screen.getByText(/Une seconde personne doit juger/)).toBeVisible()
    expect(await violations()).toEqual([])
  })

  it('asks for a reason before it withholds', async () => {
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    await screen.findByRole('timer')
    await userEvent.keyboard('w')
    await userEvent.clear(await screen.findByRole('textbox', { name: /Raisons/ }))
    await userEvent.click(screen.getByRole('button', { name: 'Décider' }))
    expect(screen.getByText('Dites pourquoi, pour la personne concernée.')).toBeVisible()
    expect(location.pathname).toBe('/desk/cases/c1')
  })

  it('leaves five seconds to undo, then the decision goes once', async () => {
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    await screen.findByRole('timer')
    vi.useFakeTimers({ shouldAdvanceTime: true })
    const user = userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
    await user.keyboard('rn')
    await waitFor(() => expect(location.pathname).toBe('/desk/cases/c2'))
    expect(screen.getByText(/part dans 5 secondes/)).toBeVisible()
    expect(decisions()).toEqual([])
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS))
    await waitFor(() => expect(decisions()).toHaveLength(1))
    expect(decisions()[0]?.body).toMatchObject({ outcome: 'release', rule: '', lease_token: 7 })
  })

  it('undone, is open again with all that was written', async () => {
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    await screen.findByRole('timer')
    await userEvent.keyboard('w')
    await userEvent.type(
      await screen.findByRole('textbox', { name: 'Note interne' }),
      'Seen before',
    )
    await userEvent.click(screen.getByRole('button', { name: 'Décider' }))
    await waitFor(() => expect(location.pathname).toBe('/desk'))
    await userEvent.click(await screen.findByRole('button', { name: 'Annuler' }))
    await waitFor(() => expect(location.pathname).toBe('/desk/cases/c1'))
    expect(await screen.findByRole('textbox', { name: 'Note interne' })).toHaveValue('Seen before')
    expect(decisions()).toEqual([])
  })

  it('says who works on it when a colleague was quicker', async () => {
    answers['POST /api/desk/cases/c1/claim'] = refusal(403, {
      code: 'not_allowed', detail: '', holder: 'M-23', until: inMs(MINUTE),
    }) // prettier-ignore
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    expect(await screen.findByText(/M-23 travaille sur ce dossier/)).toBeVisible()
    expect(await violations()).toEqual([])
  })

  it('says that the lease is lost, and keeps the text', async () => {
    answers['POST /api/desk/cases/c1/claim'] = { lease_token: 7, until: inMs(1_500) }
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    await userEvent.clear(screen.getByRole('textbox', { name: 'Note interne' }))
    await userEvent.type(screen.getByRole('textbox', { name: 'Note interne' }), 'Kept')
    expect(await screen.findByText(/n’est plus à vous/, {}, { timeout: 3_000 })).toBeVisible()
    expect(screen.getByRole('textbox', { name: 'Note interne' })).toHaveValue('Kept')
    expect(screen.getByRole('button', { name: 'Reprendre' })).toBeVisible()
  })

  it('of severity 4 is kept for a second person', async () => {
    answers['POST /api/desk/cases/c1/decide'] = { state: 'awaiting_second', decision_id: null }
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    await screen.findByRole('timer')
    vi.useFakeTimers({ shouldAdvanceTime: true })
    const user = userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
    await user.keyboard('rn')
    await waitFor(() => expect(location.pathname).toBe('/desk/cases/c2'))
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS))
    expect(await screen.findByText(/Avis gardé.: une seconde personne doit juger/)).toBeVisible()
  })

  it('decided on a lost lease says so, and can be opened again', async () => {
    answers['POST /api/desk/cases/c1/decide'] = refusal(409, { code: 'lease_lost', detail: '' })
    await desk('/desk/cases/c1')
    await userEvent.click(await screen.findByRole('button', { name: 'Prendre en charge' }))
    await screen.findByRole('timer')
    vi.useFakeTimers({ shouldAdvanceTime: true })
    const user = userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
    await user.keyboard('rn')
    await waitFor(() => expect(location.pathname).toBe('/desk/cases/c2'))
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS))
    expect(
      await screen.findByText(/Décision non prise.: Ce dossier n’est plus à vous/),
    ).toBeVisible()
    await user.click(screen.getByRole('button', { name: 'Rouvrir le dossier' }))
    expect(location.pathname).toBe('/desk/cases/c1')
  })

  it('is not decided by who judged it already', async () => {
    answers['GET /api/desk/cases/c1'] = { ...CASE, needs_second: true, may_decide: false }
    await desk('/desk/cases/c1')
    expect(await screen.findByText(/une autre personne décide/)).toBeVisible()
    expect(screen.queryByRole('button', { name: 'Décider' })).toBeNull()
  })

  it('lets nobody into the conversation without a reason', async () => {
    const { server } = await desk('/desk/cases/c1')
    server.answers.watch = () => ({ t: 'receipt', state: 'done', replay: false })
    const watch = await screen.findByRole('button', { name: 'Observer' })
    await userEvent.click(watch)
    expect(server.all('watch')).toEqual([])
    await userEvent.type(screen.getByRole('textbox', { name: 'Raison' }), 'A report.')
    await userEvent.click(watch)
    expect(server.all('watch')).toMatchObject([
      { conversation_id: 'k1', case_id: 'c1', reason: 'A report.' },
    ])
    expect(await screen.findByRole('log', { name: 'Messages' })).toBeVisible()
    expect(await screen.findByRole('button', { name: 'Sortir' })).toBeVisible()
    expect(await violations()).toEqual([])
  })
})

describe('marks', () => {
  it('count characters as the server does, beyond the first plane', () => {
    expect(quotes('🎭🎭 hotel', [[3, 8]])).toEqual(['hotel'])
  })

  it('melt together where they overlap, and never leave the text', () => {
    const cut = pieces('abcdef', [[1, 3], [2, 4], [5, 99]]) // prettier-ignore
    expect(cut.map(({ text, marked }) => (marked ? `<${text}>` : text)).join('')).toBe('a<bcd>e<f>')
    expect(pieces('abc', [])).toEqual([{ text: 'abc', marked: false }])
  })
})

describe('departures', () => {
  const JUDGEMENT = { outcome: 'release', lease_token: 1 } as Judgement

  it('can be undone before they leave, not after', () => {
    vi.useFakeTimers()
    const departures = new Departures()
    const send = vi.fn()
    departures.leave('c1', send)
    expect(departures.has('c1')).toBe(true)
    expect(departures.undo('c1', JUDGEMENT)).toBe(true)
    vi.advanceTimersByTime(UNDO_MS)
    expect(send).not.toHaveBeenCalled()
    expect(departures.undone('c1')).toBe(JUDGEMENT)
    departures.leave('c1', send)
    vi.advanceTimersByTime(UNDO_MS)
    expect(send).toHaveBeenCalledTimes(1)
    expect(departures.undo('c1', JUDGEMENT)).toBe(false)
  })
})

describe('two humans', () => {
  const judging = (outcome: 'release' | 'withhold', severity?: number) => ({
    value: { outcome, rule: '', reason: '', note: '', payee_at_fault: false },
    rule: severity === undefined ? undefined : { ...RULES[0]!, severity },
  })
  const found = (more: object) => ({ ...CASE, ...more }) as unknown as Case

  it.each([
    ['to withhold at severity 4', found({ severity: 4 }), judging('withhold'), true],
    ['to withhold by a rule of severity 4', found({}), judging('withhold', 4), true],
    [
      'to release what touches a minor',
      found({ policy: 'csae.grooming' }),
      judging('release'),
      true,
    ],
    ['not to release anything else', found({ severity: 4 }), judging('release'), false],
    [
      'not when the first has judged',
      found({ severity: 4, needs_second: true }),
      judging('withhold'),
      false,
    ],
  ])('are needed: %s', (_, one, two, needed) => {
    expect(needsTwo(one, two)).toBe(needed)
  })
})

it('the sides of a live conversation are told by the window, where one is known', () => {
  const row = (message_id: string, sender_id: string) =>
    ({ kind: 'message', key: message_id, message: { message_id, sender_id } }) as never
  const rows = [row('m1', 'a'), row('m2', 'b')]
  expect(Object.fromEntries(sidesOf(rows, CASE.lines))).toEqual({ a: 'fan', b: 'creator' })
  expect(sidesOf(rows, []).size).toBe(0)
})
