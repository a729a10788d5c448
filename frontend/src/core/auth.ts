/** Sign-in by allauth's headless browser API: a chain of answers that name the next step. */
import { call, freshCsrfToken, rest } from './rest'

const BASE = '/_allauth/browser/v1'

export interface Me {
  id: string
  name: string
  role: 'fan' | 'creator' | 'moderator'
  language: 'fr' | 'en'
  certified: boolean
}

export interface FormError {
  code: string
  /** The field it belongs to, when it belongs to one. */
  param?: string
  message: string
}

/** Where a flow stands: the client follows, it does not guess. */
export type Step =
  | { step: 'signed_in' }
  /** A flow of allauth to go on with: `verify_email`, `mfa_authenticate`, `login`... */
  | { step: 'next'; flow: string }
  | { step: 'refused'; errors: readonly FormError[] }
  | { step: 'offline' }

interface HeadlessAnswer {
  status: number
  data?: { flows?: { id: string; is_pending?: boolean }[] }
  errors?: FormError[]
}

async function headless(method: string, path: string, body?: object): Promise<Step> {
  try {
    const response = await fetch(BASE + path, {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'X-CSRFToken': await freshCsrfToken(),
      },
      body: body && JSON.stringify(body),
    })
    return stepOf((await response.json()) as HeadlessAnswer, response.status)
  } catch {
    return { step: 'offline' }
  }
}

function stepOf(answer: HeadlessAnswer, status: number): Step {
  if (status === 200) return { step: 'signed_in' }
  const pending = answer.data?.flows?.find((flow) => flow.is_pending)
  if (status === 401 && pending) return { step: 'next', flow: pending.id }
  if (status === 401) return { step: 'next', flow: 'login' }
  return { step: 'refused', errors: answer.errors ?? [{ code: `http_${status}`, message: '' }] }
}

export const auth = {
  signIn: (email: string, password: string) => headless('POST', '/auth/login', { email, password }),
  signUp: (email: string, password: string) =>
    headless('POST', '/auth/signup', { email, password }),
  /** The code of the e-mail that sign-up sent. */
  verifyEmail: (key: string) => headless('POST', '/auth/email/verify', { key }),
  resendEmailCode: () => headless('POST', '/auth/email/verify/resend'),
  /** Ends the session; the sockets close by themselves. */
  signOut: () => headless('DELETE', '/auth/session'),
}

/** Who is signed in: null when nobody is, undefined when nobody can tell (no network). */
export async function whoAmI(): Promise<Me | null | undefined> {
  const result = await call(rest.GET('/api/session'))
  if (!result.ok) return result.refusal.code === 'signed_out' ? null : undefined
  return (result.data.account as Me | null | undefined) ?? null
}
