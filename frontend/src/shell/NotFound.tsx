/** Not there and not yours are the same answer. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import styles from './pages.module.css'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <div className={styles.notice}>
      <h1 tabIndex={-1}>{t('title.not_found')}</h1>
      <p>{t('error.not_found')}</p>
      <Link href="/">{t('error.go_home')}</Link>
    </div>
  )
}
