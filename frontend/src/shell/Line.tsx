/** The connection line: said only after three seconds down, or at once when the session is over. */
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useOutbox, useStatus } from '../core/hooks'
import { Icon } from '../ui/Icon'
import styles from './Frame.module.css'

const PATIENCE_MS = 3_000

export function ConnectionLine({ onSignIn }: { onSignIn: () => void }) {
  const { t } = useTranslation()
  const status = useStatus()
  const waiting = useOutbox().filter((item) => item.status === 'queued').length
  const down = status.kind !== 'open' && status.kind !== 'asleep'
  const late = useLate(down)
  if (status.kind === 'signed_out') {
    return (
      <p className={styles.line} role="alert">
        <Icon name="key" />
        {t('frame.signed_out')}
        <button type="button" className={styles.link} onClick={onSignIn}>
          {t('frame.sign_in_again')}
        </button>
      </p>
    )
  }
  if (status.kind === 'suspended') {
    return (
      <p className={styles.line} role="alert">
        <Icon name="block" />
        {t('frame.suspended')}
      </p>
    )
  }
  if (!down || !late) return null
  return (
    <p className={styles.line} role="status">
      <Icon name="offline" />
      {t('frame.offline', { count: waiting })}
    </p>
  )
}

function useLate(down: boolean): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!down) return
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => {
      clearTimeout(timer)
      setLate(false)
    }
  }, [down])
  return late
}
