/** The face of the moderator: one lazy chunk, and nothing in it can show an amount. */
import { Route, Switch } from 'wouter'
import { CasePage } from './case/CasePage'
import { useDeskNews } from './desk'
import { Shortcuts } from './Shortcuts'
import { QueuePage } from './queue/QueuePage'
import styles from './desk.module.css'

export default function ModeratorFace() {
  useDeskNews()
  return (
    <div className={styles.desk}>
      <Switch>
        <Route path="/desk" component={QueuePage} />
        <Route path="/desk/cases/:id">{({ id }) => <CasePage key={id} caseId={id} />}</Route>
      </Switch>
      <Shortcuts />
    </div>
  )
}
