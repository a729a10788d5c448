/** The face of the creator: one lazy chunk; the shell has checked that the path is one of ours. */
import { Route, Switch } from 'wouter'
import { useSession } from '../../core/session'
import { NotCertified } from './certification/NotCertified'
import { EarningsPage } from './earnings/EarningsPage'
import { StudioPage } from './inbox/StudioPage'
import { PricesPage } from './prices/PricesPage'
import { VaultPage } from './vault/VaultPage'

export default function CreatorFace() {
  const { me } = useSession()
  if (!me.certified) return <NotCertified />
  return (
    <Switch>
      <Route path="/studio/vault" component={VaultPage} />
      <Route path="/studio/prices" component={PricesPage} />
      <Route path="/studio/earnings" component={EarningsPage} />
      <Route path="/studio/:id?">{({ id }) => <StudioPage conversationId={id} />}</Route>
    </Switch>
  )
}
