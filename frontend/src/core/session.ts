/** Who is signed in, for every component: the account, and how to leave. */
import { createContext, use } from 'react'
import type { Me } from './auth'

export interface Session {
  me: Me
  signOut: () => Promise<void>
}

export const SessionContext = createContext<Session | null>(null)

/** The signed-in account. Only inside the signed-in part. */
export function useSession(): Session {
  const session = use(SessionContext)
  if (!session) throw new Error('no session: this component lives inside the signed-in part')
  return session
}
