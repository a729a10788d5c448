import { QueryClient } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { beforeEach, expect, it, vi } from 'vitest'
import { App } from '../src/shell/App'

interface Asked {
  method: string
  path: string
  body: unknown
  csrf: string | null
}

// The shell is tested around an empty face: what faces show is their own tests' matter.
vi.mock('../src/faces/fan', () => ({ default: () => <h1 tabIndex={-1}>…</h1> }))

/** Answers by "METHOD path"; a list is used up one by one, its last entry stays. */
let answers: Record<string, { status: number; body: object }[]>
let asked: Asked[]

const ME = { id: 'a', name: 'Ana', role: 'fan', language: 'fr', certified: false }
const nobody = { status: 200, body: { authenticated: false } }
const somebody = { status: 200, body: { authenticated: true, account: ME } }

beforeEach(() => {
  asked = []
  answers = {
    'GET /api/session': [nobody],
    'GET /api/config': [{ status: 200, body: { payments: 'test', languages: [], version: '1' } }],
  }
  document.cookie = 'csrftoken=t0ken'
  history.replaceState(null, '', '/')
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request =
      typeof input === 'string' ? new Request(new URL(input, location.href), init) : input
    const path = new URL(request.url).pathname
    const text = await request.text()
    const csrf = request.headers.get('X-CSRFToken')
    asked.push({ method: request.method, path, body: text && JSON.parse(text), csrf })
    const queue = answers[`${request.method} ${path}`] ?? [{ status: 404, body: {} }]
    const answer = (queue.length > 1 ? queue.shift() : queue[0])!
    return Response.json(answer.body, { status: answer.status })
  })
  vi.stubGlobal('WebSocket', class { close(): void {} }) // prettier-ignore
})

const show = () =>
  render(<App queries={new QueryClient({ defaultOptions: { queries: { retry: false } } })} />)

async function violations(): Promise<unknown[]> {
  const found = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })
  return found.violations.map((violation) => [violation.id, violation.nodes[0]?.html])
}

it('a stranger signs in and arrives at the home of their role', async () => {
  answers['POST /_allauth/browser/v1/auth/login'] = [{ status: 200, body: { status: 200 } }]
  answers['GET /api/session'] = [nobody, somebody]
  show()
  await screen.findByRole('heading', { name: 'Se connecter' })
  expect(await violations()).toEqual([])
  await userEvent.type(screen.getByLabelText('Adresse e-mail'), 'a@b.fr')
  await userEvent.type(screen.getByLabelText('Mot de passe'), 'secret-secret')
  await userEvent.click(screen.getByRole('button', { name: 'Se connecter' }))
  await screen.findByRole('navigation', { name: 'Navigation principale' })
  const login = asked.find((request) => request.path.endsWith('/auth/login'))
  expect(login).toMatchObject({
    body: { email: 'a@b.fr', password: 'secret-secret' },
    csrf: 't0ken',
  })
  expect(location.pathname).toBe('/messages')
  await screen.findByText('MODE TEST')
})

it('a wrong password is said beside the field, and nothing else happens', async () => {
  const errors = [{ code: 'email_password_mismatch', param: 'password', message: 'x' }]
  answers['POST /_allauth/browser/v1/auth/login'] = [{ status: 400, body: { status: 400, errors } }]
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Se connecter' }))
  expect(await screen.findByLabelText('Mot de passe')).toHaveAccessibleDescription(
    'L’adresse ou le mot de passe n’est pas le bon.',
  )
})

it('signing up leads to the code of the e-mail, and then in', async () => {
  history.replaceState(null, '', '/sign-up')
  const flows = [{ id: 'verify_email', is_pending: true }]
  answers['POST /_allauth/browser/v1/auth/signup'] = [
    { status: 401, body: { status: 401, data: { flows } } },
  ]
  answers['POST /_allauth/browser/v1/auth/email/verify'] = [{ status: 200, body: { status: 200 } }]
  answers['GET /api/session'] = [nobody, somebody]
  show()
  await userEvent.type(await screen.findByLabelText('Adresse e-mail'), 'a@b.fr')
  await userEvent.click(screen.getByRole('button', { name: 'Créer mon compte' }))
  await userEvent.type(await screen.findByLabelText('Code reçu par e-mail'), ' 123456 ')
  expect(await violations()).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Confirmer' }))
  await screen.findByRole('navigation', { name: 'Navigation principale' })
  expect(asked.find((request) => request.path.endsWith('verify'))?.body).toEqual({ key: '123456' })
})

it('an unknown page says so inside the frame, and a page of another role is unknown', async () => {
  answers['GET /api/session'] = [somebody]
  history.replaceState(null, '', '/desk')
  show()
  const heading = await screen.findByRole('heading', { level: 1, name: 'Page introuvable' })
  await vi.waitFor(() => expect(heading).toHaveFocus())
  expect(await violations()).toEqual([])
})

it('signing out ends the session and leads back to the gate', async () => {
  answers['GET /api/session'] = [somebody, nobody]
  answers['DELETE /_allauth/browser/v1/auth/session'] = [{ status: 401, body: { status: 401 } }]
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Se déconnecter' }))
  await screen.findByRole('heading', { name: 'Se connecter' })
  expect(asked.some((request) => request.method === 'DELETE' && request.csrf === 't0ken')).toBe(
    true,
  )
})

it('language changes at once, for the account too', async () => {
  answers['GET /api/session'] = [somebody]
  answers['PUT /api/me/language'] = [{ status: 200, body: ME }]
  history.replaceState(null, '', '/me')
  show()
  await userEvent.selectOptions(await screen.findByLabelText('Langue'), 'en')
  await screen.findByLabelText('Language')
  expect(document.documentElement.lang).toBe('en')
  await vi.waitFor(() =>
    expect(asked.find((request) => request.method === 'PUT')?.body).toEqual({ language: 'en' }),
  )
  expect(await violations()).toEqual([])
  await userEvent.selectOptions(screen.getByLabelText('Language'), 'fr')
  await screen.findByLabelText('Langue')
})
