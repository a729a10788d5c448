/** A state as words and icon on the card; its colour only repeats what is written. */
import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon'
import styles from './Badge.module.css'

export type Tone = 'plain' | 'ok' | 'hold' | 'stop' | 'signal'

const ICON: Record<Tone, IconName> = {
  plain: 'info',
  ok: 'check',
  hold: 'clock',
  stop: 'block',
  signal: 'bell',
}

export interface BadgeProps {
  tone?: Tone
  icon?: IconName
  children: ReactNode
}

export function Badge({ tone = 'plain', icon, children }: BadgeProps) {
  return (
    <span className={styles.badge} data-tone={tone}>
      <Icon name={icon ?? ICON[tone]} size={16} />
      {children}
    </span>
  )
}

/** A number of things not seen yet, with its words for those who hear it. */
export function Count({ value, label }: { value: number; label: string }) {
  if (value === 0) return null
  return (
    <span className={styles.count}>
      <span aria-hidden="true">{value > 99 ? '99+' : value}</span>
      <span className="visually-hidden">{label}</span>
    </span>
  )
}
