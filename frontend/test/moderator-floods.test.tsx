import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import ModeratorFace from '../src/faces/moderator'
import { toaster } from '../src/ui/Toast'
import { inMs, refusal, scripted, showFor, violations, type Answers, type Asked } from './faces'

const FLOOD = {
  id: 7, rule: 'contact.move.fr', policy: 'fraud.off_platform_contact', severity: 2, without_effect: true,
  hits: 640, hourly_median: 12, since: inMs(0), cases: 80,
} // prettier-ignore
const GRAVE = { ...FLOOD, id: 8, rule: 'minor.age.fr', policy: 'csae.grooming', severity: 4, without_effect: false, cases: 1 } // prettier-ignore
const CASE = {
  id: 'c1', kind: 'message', queue: 'exploitation', policy: 'prost.solicit', severity: 3,
  language: 'fr', source: 'machine', verdict: 'hold', state: 'open', opened_at: inMs(0),
  due_at: inMs(3_600_000), decide_before: null, needs_second: false, holder: null,
  conversation_id: 'k1', body: 'Bonjour', cause: '', policy_version: '1-x', findings: [],
  reports: [], lines: [], history: { cases: 0, withheld: 0, released: 0 }, log: [], may_decide: true,
} // prettier-ignore
const SEEN = { country: 'FR', channel: 'message', off: [], shadow: [] }

let answers: Answers
let asked: Asked[]
const puts = () => asked.filter(({ path }) => path.endsWith('/put-back'))

beforeEach(() => {
  answers = {
    'GET /api/desk/cases': { cases: [], next: null },
    'GET /api/desk/rules': [],
    'GET /api/desk/floods': [GRAVE, FLOOD],
    'GET /api/desk/me': { name: 'M-17', on_duty_since: null, counts: { all: 0, mine: 0, flood: 81 } },
    'POST /api/desk/floods/7/put-back': { status: 204, body: {} },
  } // prettier-ignore
  asked = scripted(answers)
})

afterEach(() => {
  for (const shown of toaster.shown) toaster.close((shown as unknown as { id: number }).id)
})

async function desk(path: string) {
  history.replaceState(null, '', path)
  return showFor('moderator', <ModeratorFace />)
}

const notices = async () =>
  within(await screen.findByRole('region', { name: '2 règles s’emballent' })).getAllByRole(
    'listitem',
  )

describe('floods', () => {
  it('say what happened to each rule, in words, and where its cases are', async () => {
    await desk('/desk')
    const [grave, calm] = await notices()
    expect(grave).toHaveTextContent(/elle retient toujours/)
    expect(calm).toHaveTextContent(/640 réactions en une heure, contre 12 d’habitude/)
    expect(calm).toHaveTextContent(/n’a plus d’effet/)
    expect(within(calm!).getByRole('link', { name: '80 dossiers réunis' })).toHaveAttribute(
      'href',
      '/desk?queue=flood',
    )
    expect(document.body.textContent).not.toMatch(/€|\d,\d\d/)
    expect(await violations()).toEqual([])
  })

  it('are reached and ended from the keyboard, once', async () => {
    await desk('/desk')
    const [, calm] = await notices()
    const button = within(calm!).getByRole('button', { name: 'Remettre la règle en service' })
    button.focus()
    answers['GET /api/desk/floods'] = [GRAVE]
    await userEvent.keyboard('{Enter}')
    expect(await screen.findByText('Règle contact.move.fr : c’est fait.')).toBeVisible()
    await screen.findByRole('region', { name: 'Une règle s’emballe' })
    expect(puts().map(({ path }) => path)).toEqual(['/api/desk/floods/7/put-back'])
  })

  it('stay when the server refuses, and say why', async () => {
    answers['POST /api/desk/floods/7/put-back'] = refusal(403, { code: 'not_allowed', detail: '' })
    await desk('/desk')
    const [, calm] = await notices()
    await userEvent.click(within(calm!).getByRole('button'))
    await waitFor(() => expect(toaster.shown).toHaveLength(1))
    expect(await notices()).toHaveLength(2)
  })

  it('appear when a rule floods, and leave no trace when none does', async () => {
    answers['GET /api/desk/floods'] = []
    const { server } = await desk('/desk')
    await screen.findByText(/Rien n’attend ici/)
    expect(screen.queryByRole('region', { name: /s’emballe/ })).toBeNull()
    answers['GET /api/desk/floods'] = [FLOOD]
    const facts = { flood_id: 7, rule: FLOOD.rule, category: FLOOD.policy, severity: 2 }
    act(() => server.tell({ t: 'rule_flooded', ...facts, without_effect: true }))
    expect(await screen.findByRole('region', { name: 'Une règle s’emballe' })).toBeVisible()
  })

  it('have a queue of their own behind g d', async () => {
    await desk('/desk')
    await notices()
    await userEvent.keyboard('gd')
    await waitFor(() => expect(location.search).toBe('?queue=flood'))
  })
})

describe('how a case was looked at', () => {
  it('names the detectors that no lawful basis allows', async () => {
    const off = ['rules.contact', 'model'].map((detector) => ({
      detector,
      why: 'missing',
      until: null,
    }))
    answers['GET /api/desk/cases/c1'] = { ...CASE, screening: { ...SEEN, off } }
    await desk('/desk/cases/c1')
    expect(await screen.findByText(/aucune base légale.*\(FR, messages\)/)).toBeVisible()
    expect(screen.getByText('règles « contact »')).toBeVisible()
    expect(screen.getByText('modèle de texte')).toBeVisible()
    expect(screen.queryByText(/échue|plus lisible/)).toBeNull()
    expect(await violations()).toEqual([])
  })

  it('tells those whose basis has ended, since when, from those that never had one', async () => {
    const off = [
      { detector: 'model', why: 'ended', until: '2026-04-03' },
      { detector: 'memory', why: 'missing', until: null },
      { detector: 'second_opinion', why: 'unknown', until: null },
    ]
    answers['GET /api/desk/cases/c1'] = { ...CASE, screening: { ...SEEN, off } }
    await desk('/desk/cases/c1')
    const below = async (words: RegExp) => (await screen.findByText(words)).nextElementSibling
    expect(await below(/base légale ici est échue/)).toHaveTextContent(
      /^modèle de texte \(jusqu’au 3 avril 2026\)$/,
    )
    expect(await below(/aucune base légale/)).toHaveTextContent(/^mémoire des derniers messages$/)
    expect(await below(/n’est plus lisible/)).toHaveTextContent(/^second avis automatique$/)
  })

  it('names the rules that spoke without effect, and a technical cause', async () => {
    answers['GET /api/desk/cases/c1'] = {
      ...CASE, cause: 'technical', screening: { ...SEEN, shadow: ['contact.move.fr'] },
    } // prettier-ignore
    await desk('/desk/cases/c1')
    expect(await screen.findByText('contact.move.fr')).toBeVisible()
    expect(screen.getByText(/sans effet/)).toBeVisible()
    expect(screen.getByText(/raison technique/)).toBeVisible()
  })

  it('says nothing when every detector looked', async () => {
    answers['GET /api/desk/cases/c1'] = { ...CASE, screening: SEEN }
    await desk('/desk/cases/c1')
    await screen.findByText('Aucun signal automatique.')
    expect(screen.queryByText(/base légale|sans effet/)).toBeNull()
  })
})
