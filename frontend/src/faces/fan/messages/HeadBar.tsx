/** The head of a conversation: who, certified since when, spent here. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { money } from '../../../core/money'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Avatar } from '../../../ui/Avatar'
import { Badge } from '../../../ui/Badge'
import { IconButton } from '../../../ui/Button'
import { Icon } from '../../../ui/Icon'
import styles from './Messages.module.css'

export type Head = components['schemas']['HeadOut']

export function HeadBar({ head, onDetails }: { head: Head; onDetails: () => void }) {
  const { t } = useTranslation(['fan', 'common'])
  const language = useLanguage()
  const { card, spent_month_cents: month } = head
  return (
    <header className={styles.head}>
      <Link href="/messages" className={styles.back} aria-label={t('conversation.back')}>
        <Icon name="arrow_left" />
      </Link>
      <Avatar name={card.other_name} certified={card.other_certified} />
      <div className={styles.who}>
        <h1 className={styles.person} tabIndex={-1}>
          {card.other_name}
        </h1>
        <p className={styles.under}>
          {card.other_certified ? t('common:seal.certified') : t('conversation.not_certified')}
          {month != null && ` · ${t('conversation.month', { amount: money(month, language) })}`}
        </p>
      </div>
      {card.state !== 'open' && (
        <Badge tone="stop">{t(`inbox.state_${card.state as 'ended'}`)}</Badge>
      )}
      <span className={styles.details}>
        <IconButton icon="info" label={t('context.title')} onClick={onDetails} />
      </span>
    </header>
  )
}
