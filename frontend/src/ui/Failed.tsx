/** What could not be loaded, in words, and one way on. */
import { useTranslation } from 'react-i18next'
import { RefusalError } from '../core/rest'
import { refusalText } from '../core/words'
import { useLanguage } from '../i18n'
import { Button } from './Button'
import styles from './Failed.module.css'

export interface FailedProps {
  error: unknown
  onRetry: () => void
}

export function Failed({ error, onRetry }: FailedProps) {
  const { t } = useTranslation()
  const language = useLanguage()
  return (
    <div className={styles.failed} role="alert">
      <p>{t('error.load_failed')}</p>
      {error instanceof RefusalError && <p>{refusalText(t, error.refusal, language)}</p>}
      <Button onClick={onRetry}>{t('app.retry')}</Button>
    </div>
  )
}
