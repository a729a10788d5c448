/** A face of the client on a scripted server: REST by "METHOD path", the socket by `wire`. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import axe from 'axe-core'
import { Suspense, type ReactNode } from 'react'
import { vi } from 'vitest'
import { memoryDisk } from '../src/core/disk'
import { StoreContext } from '../src/core/hooks'
import { SessionContext } from '../src/core/session'
import { Store } from '../src/core/store'
import { Toasts } from '../src/ui/Toast'
import { NOW, ScriptedServer } from './wire'

export interface Asked {
  method: string
  path: string
  query: string
  body: unknown
}
interface Whole {
  status: number
  body: object
}
type Answering = (asked: Asked) => object
/** The body of an answer, or the whole of it, or how to make it. */
export type Answers = Record<string, object | Answering>

export const refusal = (status: number, body: object): Whole => ({ status, body })
const isWhole = (answer: object): answer is Whole => 'status' in answer && 'body' in answer

/** Replace the network; every question is kept. */
export function scripted(answers: Answers): Asked[] {
  const asked: Asked[] = []
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request = new Request(typeof input === 'string' ? new URL(input, location.href) : input, init)
    const { pathname: path, search: query } = new URL(request.url)
    const text = await request.text()
    const one = { method: request.method, path, query, body: text.startsWith('{') ? JSON.parse(text) as unknown : text }
    asked.push(one)
    const found = answers[`${one.method} ${path}`]
    const answer = typeof found === 'function' ? (found as Answering)(one) : found
    if (!answer) return Response.json({ code: 'not_found', detail: '' }, { status: 404 })
    const { status, body } = isWhole(answer) ? answer : { status: 200, body: answer }
    return status === 204 ? new Response(null, { status }) : Response.json(body, { status })
  })
  return asked
} // prettier-ignore

export interface Shown {
  store: Store
  server: ScriptedServer
}

/** Draw one face or screen for a signed-in account, its socket open. */
export async function showFor(
  role: 'creator' | 'fan' | 'moderator',
  node: ReactNode,
  prepare: (server: ScriptedServer) => void = () => undefined,
): Promise<Shown> {
  const server = new ScriptedServer()
  prepare(server)
  const store = new Store({
    accountId: 'me', role, disk: memoryDisk(), url: 'ws://x', wire: 'json', random: () => 0,
    sessionAlive: () => Promise.resolve(true), onCaughtUp: () => undefined,
    loadWallet: () => Promise.resolve(null), open: () => server as unknown as WebSocket,
    onBug: (what) => { throw new Error(what) },
  }) // prettier-ignore
  await store.start()
  server.tell({ t: 'welcome', server_time: NOW(), limits: LIMITS })
  const me = { id: 'me', name: 'Velours', role, language: 'fr' as const, certified: true }
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <QueryClientProvider client={queries}>
      <SessionContext value={{ me, signOut: () => Promise.resolve() }}>
        <StoreContext value={store}>
          <Suspense>
            <main>{node}</main>
          </Suspense>
          <Toasts />
        </StoreContext>
      </SessionContext>
    </QueryClientProvider>,
  )
  return { store, server }
}

const LIMITS = {
  body_max_characters: 5000, unsend_window_seconds: 120, edit_window_seconds: 900,
  media_per_message_max: 10, unlock_price_min_cents: 200, unlock_price_max_cents: 20000,
} // prettier-ignore

/** What axe finds; contrast is looked at in a browser, which jsdom is not. */
export async function violations(): Promise<unknown[]> {
  const found = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } })
  return found.violations.map((violation) => [violation.id, violation.nodes[0]?.html])
}

export const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString()
