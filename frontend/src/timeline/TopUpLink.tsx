/** The way to the wallet when money is missing; it knows the way back, where the text waits. */
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { money } from '../core/money'
import { useLanguage } from '../i18n'
import { Icon } from '../ui/Icon'
import { useRowTab } from './rowActive'
import styles from './Media.module.css'

export function TopUpLink({ missingCents }: { missingCents: number }) {
  const { t } = useTranslation('timeline')
  const [location] = useLocation()
  const missing = money(missingCents, useLanguage())
  return (
    <Link
      href={`/wallet?back=${encodeURIComponent(location)}`}
      className={styles.topup}
      tabIndex={useRowTab()}
    >
      <Icon name="wallet" />
      {t('topup_missing', { missing })}
    </Link>
  )
}
