/** An amount, in mono. Never counts up, never abbreviated. */
import { money } from '../core/money'
import { useLanguage } from '../i18n'
import styles from './Money.module.css'

export function Money({ cents }: { cents: number }) {
  return <span className={styles.money}>{money(cents, useLanguage())}</span>
}
