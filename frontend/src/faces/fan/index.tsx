/** The face of the fan: one lazy chunk; the shell has checked that the path is one of ours. */
import { Suspense, lazy } from 'react'
import { Route, Switch } from 'wouter'
import { Skeleton } from '../../ui/Skeleton'
import { Messages } from './messages/Messages'
import { useRefetching } from './useRefetching'

const Wallet = lazy(() => import('./wallet/Wallet'))
const Discover = lazy(() => import('./discover/Discover'))
const Library = lazy(() => import('./library/Library'))
const Decisions = lazy(() => import('./decisions/Decisions'))

export default function FanFace() {
  useRefetching()
  return (
    <Suspense fallback={<Skeleton rows={5} height={64} />}>
      <Switch>
        <Route path="/messages/:id?" component={Messages} />
        <Route path="/discover" component={Discover} />
        <Route path="/wallet" component={Wallet} />
        <Route path="/library" component={Library} />
        <Route path="/decisions" component={Decisions} />
      </Switch>
    </Suspense>
  )
}
