/** What a creator can be paid out, in the header. Lazy, as the fan's balance is. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { money } from '../core/money'
import { ask, rest } from '../core/rest'
import { useLanguage } from '../i18n'
import { Icon } from '../ui/Icon'
import styles from './Frame.module.css'

export default function EarningsPill() {
  const { t } = useTranslation()
  const language = useLanguage()
  const { data } = useQuery({
    queryKey: ['earnings'],
    queryFn: () => ask(rest.GET('/api/studio/earnings')),
  })
  if (!data) return null
  const amount = money(data.available_cents, language)
  return (
    <Link href="/studio/earnings" className={styles.pill}>
      <Icon name="coins" />
      <span className="visually-hidden">{t('frame.available', { amount })}</span>
      <span aria-hidden="true">{amount}</span>
    </Link>
  )
}
