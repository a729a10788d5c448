/** One conversation of the list: who, the last words, what a message costs, what waits. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { money } from '../../../core/money'
import { clockTime, dayKey, serverNow, shortMoment } from '../../../core/time'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Avatar } from '../../../ui/Avatar'
import { Badge, Count } from '../../../ui/Badge'
import { classes } from '../../../ui/classes'
import styles from './Messages.module.css'

export type Card = components['schemas']['CardOut']

export interface CardRowProps {
  card: Card
  open: boolean
  draft: string | undefined
}

export function CardRow({ card, open, draft }: CardRowProps) {
  const { t } = useTranslation(['fan', 'common'])
  const language = useLanguage()
  const today = dayKey(card.last_at) === dayKey(serverNow())
  const time = today ? clockTime(card.last_at, language) : shortMoment(card.last_at, language)
  const empty = card.last_seq === 0 ? t('inbox.nothing_yet') : t('inbox.media')
  return (
    <Link
      href={`/messages/${card.id}`}
      className={classes(styles.card, open && styles.here)}
      aria-current={open ? 'page' : undefined}
    >
      <Avatar name={card.other_name} certified={card.other_certified} />
      <span className={styles.name}>{card.other_name}</span>
      <time className={styles.time} dateTime={card.last_at}>
        {time}
      </time>
      <span className={classes(styles.last, card.unread > 0 && styles.unread)}>
        {draft && <strong>{t('common:state.draft')} </strong>}
        {draft ?? (card.last_body || empty)}
      </span>
      <Count value={card.unread} label={t('inbox.unread_count', { count: card.unread })} />
      <span className={styles.facts}>
        <span className={styles.price}>
          {card.price_cents === 0
            ? t('inbox.free')
            : t('inbox.price', { price: money(card.price_cents, language) })}
        </span>
        {card.waiting > 0 && card.answer_due_at && (
          <Badge tone="hold">
            {t('inbox.answer_before', { moment: shortMoment(card.answer_due_at, language) })}
          </Badge>
        )}
        {card.state !== 'open' && (
          <Badge tone="stop">{t(`inbox.state_${card.state as 'ended'}`)}</Badge>
        )}
      </span>
    </Link>
  )
}
