/** What can be done with one message, as a list of presses. */
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import type { RowAct } from './useRowActions'
import styles from './Bubble.module.css'

export interface ActDialogProps {
  acts: readonly RowAct[]
  title: string
  onClose: () => void
}

export default function ActDialog({ acts, title, onClose }: ActDialogProps) {
  return (
    <Dialog open onClose={onClose} title={title}>
      <div className={styles.menu}>
        {acts.map((act) => (
          <Button
            key={act.label}
            kind={act.danger ? 'danger' : 'plain'}
            icon={act.icon}
            onClick={() => {
              onClose()
              act.run()
            }}
          >
            {act.label}
          </Button>
        ))}
      </div>
    </Dialog>
  )
}
