/** How grave a suspicion is: a word first, and bars that repeat it. */
import { useCode } from './words'
import styles from './desk.module.css'

export function Severity({ value }: { value: number }) {
  const say = useCode()
  return (
    <span className={styles.severity} data-severity={value}>
      <span className={styles.bars} aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <span key={step} data-on={step <= value || undefined} />
        ))}
      </span>
      {say('severity', String(value))}
    </span>
  )
}
