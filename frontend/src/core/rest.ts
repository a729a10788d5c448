/** REST, typed by the generated schema; a refusal is a value, and so is no network. */
import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from '../gen/api'
import type { RefusalCode } from '../gen/protocol'

/** The body of an expected no: the facts of its code stand beside the first two. */
export interface Refusal {
  code: RefusalCode | 'offline' | 'signed_out'
  detail: string
  price_cents?: number
  missing_cents?: number
  retry_after_ms?: number
  ref?: string
  [fact: string]: unknown
}

export type Result<T> = { ok: true; data: T } | { ok: false; refusal: Refusal }

/** What queries and mutations of react-query throw; `refusal` is what `ui/Refused` words. */
export class RefusalError extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.code)
  }
}

/** The CSRF token of Django's cookie, for every unsafe request. */
export function csrfToken(cookies: string = document.cookie): string {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(cookies)?.[1] ?? ''
}

/** The token, asked for first when the cookie is gone (or the page came from Vite). */
export async function freshCsrfToken(): Promise<string> {
  if (!csrfToken()) await fetch('/_allauth/browser/v1/config', { credentials: 'same-origin' })
  return csrfToken()
}

const csrf: Middleware = {
  async onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-CSRFToken', await freshCsrfToken())
    return request
  },
}

/** The typed client: `rest.GET('/api/session')`. Wrap every call in `call` or `ask`. */
export const rest = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? 'http://localhost' : location.origin,
  credentials: 'same-origin',
  fetch: (request) => fetch(request), // looked up at each call, so that tests may replace it
})
rest.use(csrf)

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The outcome of one request as a value. Never throws. */
export async function call<T>(pending: Promise<Answer<T>>): Promise<Result<T>> {
  try {
    const { data, error, response } = await pending
    if (response.ok) return { ok: true, data: data as T }
    return { ok: false, refusal: refusalOf(error, response.status) }
  } catch {
    return { ok: false, refusal: { code: 'offline', detail: '' } }
  }
}

/** For react-query: the data, or a thrown `RefusalError`. */
export async function ask<T>(pending: Promise<Answer<T>>): Promise<T> {
  const result = await call(pending)
  if (!result.ok) throw new RefusalError(result.refusal)
  return result.data
}

function refusalOf(error: unknown, status: number): Refusal {
  if (typeof error === 'object' && error !== null && 'code' in error) return error as Refusal
  if (status === 401) return { code: 'signed_out', detail: '' }
  if (status === 404) return { code: 'not_found', detail: '' }
  if (status === 422 || status === 400) return { code: 'malformed', detail: '' }
  return { code: 'internal_error', detail: '' }
}
