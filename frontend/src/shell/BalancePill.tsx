/** What the fan can spend, in the header. Lazy: a moderator's page never loads an amount. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { useWallet } from '../core/hooks'
import { money } from '../core/money'
import { useLanguage } from '../i18n'
import { Icon } from '../ui/Icon'
import styles from './Frame.module.css'

export default function BalancePill() {
  const { t } = useTranslation()
  const language = useLanguage()
  const wallet = useWallet()
  if (!wallet) return null
  const amount = money(wallet.balanceCents, language)
  return (
    <Link href="/wallet" className={styles.pill}>
      <Icon name="stub" />
      <span className="visually-hidden">{t('frame.balance', { amount })}</span>
      <span aria-hidden="true">{amount}</span>
    </Link>
  )
}
