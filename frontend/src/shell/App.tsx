/** Decides what a person sees: the gate, or the face of their role inside the frame. */
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import {
  Suspense,
  lazy,
  useCallback,
  useEffect,
  useMemo,
  useState,
  type ComponentType,
} from 'react'
import { Redirect, Route, Switch, matchRoute, useLocation, useRouter } from 'wouter'
import { openStore, signOut } from '../core/account'
import { Announcer } from '../core/announcer'
import { whoAmI, type Me } from '../core/auth'
import { StoreContext } from '../core/hooks'
import { SessionContext } from '../core/session'
import type { Store } from '../core/store'
import { loadWords, setLanguage } from '../i18n'
import { homeOf, routesOf, type Role } from '../routes'
import { Skeleton } from '../ui/Skeleton'
import { Toasts } from '../ui/Toast'
import { Boundary } from './Boundary'
import { Frame } from './Frame'
import { Gate } from './Gate'
import { NotFound } from './NotFound'
import { Unreachable } from './Unreachable'

const FACE: Record<Role, ComponentType> = {
  fan: lazy(() => import('../faces/fan')),
  creator: lazy(() => import('../faces/creator')),
  moderator: lazy(() => import('../faces/moderator')),
}
const MePage = lazy(() => import('./MePage'))

type Signed = { me: Me; store: Store } | null | 'asking' | 'unreachable'

export function App({ queries }: { queries: QueryClient }) {
  const [signed, refresh] = useSigned(queries)
  return (
    <QueryClientProvider client={queries}>
      <Boundary>
        {signed === 'asking' && <Skeleton height={56} />}
        {signed === 'unreachable' && <Unreachable onRetry={refresh} />}
        {signed === null && <PublicPages onSignedIn={refresh} />}
        {typeof signed === 'object' && signed && (
          <SignedPages {...signed} onSignedOut={() => void refresh()} queries={queries} />
        )}
      </Boundary>
      <Announcer />
      <Toasts />
    </QueryClientProvider>
  )
}

/** Who is signed in, with an open store; and how to ask again. */
function useSigned(queries: QueryClient): [Signed, () => Promise<void>] {
  const [signed, setSigned] = useState<Signed>('asking')
  const refresh = useCallback(async () => setSigned(await openSession(queries)), [queries])
  useEffect(() => {
    let current = true
    void openSession(queries).then((next) => current && setSigned(next))
    return () => {
      current = false
    }
  }, [queries])
  return [signed, refresh]
}

/** Who is signed in now, their store opened and started, their words loaded. */
async function openSession(queries: QueryClient): Promise<Exclude<Signed, 'asking'>> {
  const me = await whoAmI()
  if (!me) return me === null ? null : 'unreachable'
  const store = await openStore(me, () => void queries.invalidateQueries())
  await setLanguage(me.language) // the account's own, whatever this browser speaks
  await Promise.all([store.start(), loadWords(me.role, 'timeline')])
  return { me, store }
}

function PublicPages({ onSignedIn }: { onSignedIn: () => Promise<void> }) {
  return (
    <Switch>
      <Route path="/sign-up">
        <Gate key="up" mode="sign_up" onSignedIn={onSignedIn} />
      </Route>
      <Route>
        <Gate key="in" mode="sign_in" onSignedIn={onSignedIn} />
      </Route>
    </Switch>
  )
}

interface SignedPagesProps {
  me: Me
  store: Store
  queries: QueryClient
  onSignedOut: () => void
}

function SignedPages({ me, store, queries, onSignedOut }: SignedPagesProps) {
  useEffect(() => () => store.stop(), [store])
  const session = useMemo(() => {
    const leave = async () => {
      await signOut(store)
      queries.clear()
      onSignedOut()
    }
    return { me, signOut: leave }
  }, [me, store, queries, onSignedOut])
  return (
    <SessionContext value={session}>
      <StoreContext value={store}>
        <Suspense fallback={<Skeleton height={56} />}>
          <Page role={me.role} />
        </Suspense>
      </StoreContext>
    </SessionContext>
  )
}

function Page({ role }: { role: Role }) {
  const [location] = useLocation()
  const { parser } = useRouter()
  const entry = ['/', '/sign-in', '/sign-up'].includes(location)
  const route = routesOf(role).find(({ path }) => matchRoute(parser, path, location)[0])
  const Face = FACE[role]
  if (entry) return <Redirect to={homeOf(role)} replace />
  return (
    <Frame title={route?.title ?? 'common:title.not_found'}>
      <Boundary resetKey={location}>
        <Suspense fallback={<Skeleton rows={6} height={64} />}>
          {!route ? <NotFound /> : route.face === 'everybody' ? <MePage /> : <Face />}
        </Suspense>
      </Boundary>
    </Frame>
  )
}
