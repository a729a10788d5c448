/** The ticket stub: money, and nothing else, wears it. */
import type { ReactNode } from 'react'
import { classes } from './classes'
import { Icon, type IconName } from './Icon'
import { Money } from './Money'
import styles from './Stub.module.css'

export type StubState = 'before' | 'reserved' | 'captured' | 'refunded' | 'earned'

const ICON: Record<StubState, IconName> = {
  before: 'stub',
  reserved: 'clock',
  captured: 'check',
  refunded: 'refund',
  earned: 'coins',
}

export interface StubProps {
  state: StubState
  /** The amount on the stub; left out when the words carry it. */
  cents?: number
  /** The state in words: colour and icon never say it alone. */
  children: ReactNode
  className?: string
}

export function Stub({ state, cents, children, className }: StubProps) {
  return (
    <span className={classes(styles.stub, className)} data-money={state}>
      {cents !== undefined && (
        <span className={styles.price}>
          <Money cents={cents} />
        </span>
      )}
      <span className={styles.words}>
        <Icon name={ICON[state]} size={16} />
        <span>{children}</span>
      </span>
    </span>
  )
}
