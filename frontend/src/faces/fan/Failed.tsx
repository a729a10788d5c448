/** A list or page that could not be loaded: what failed, and one way on. */
import { useTranslation } from 'react-i18next'
import { RefusalError } from '../../core/rest'
import { refusalText } from '../../core/words'
import { useLanguage } from '../../i18n'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import styles from './fan.module.css'

export function Failed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation()
  const language = useLanguage()
  const words =
    error instanceof RefusalError ? refusalText(t, error.refusal, language) : t('error.load_failed')
  return (
    <div className={styles.failed} role="alert">
      <p className={styles.stop}>
        <Icon name="alert" />
        {words}
      </p>
      <Button onClick={onRetry}>{t('app.retry')}</Button>
    </div>
  )
}
