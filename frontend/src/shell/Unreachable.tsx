/** The first question of a page got no answer: no network, or no server. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../ui/Button'
import styles from './pages.module.css'

export function Unreachable({ onRetry }: { onRetry: () => Promise<void> }) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const retry = async () => {
    setBusy(true)
    await onRetry()
    setBusy(false)
  }
  return (
    <main className={styles.notice}>
      <h1 tabIndex={-1}>{t('app.name')}</h1>
      <p>{t('error.offline')}</p>
      <Button busy={busy} onClick={() => void retry()}>
        {t('app.retry')}
      </Button>
    </main>
  )
}
