/** One conversation of the list: who, the last line, and the clock of what waits. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { clockTime, dayKey, serverNow, shortMoment, timeUntil, type Span } from '../../../core/time'
import { useServerNow } from '../../../core/useServerNow'
import { useLanguage } from '../../../i18n'
import { Avatar } from '../../../ui/Avatar'
import { Badge, Count } from '../../../ui/Badge'
import { Stub } from '../../../ui/Stub'
import { classes } from '../../../ui/classes'
import type { Card } from '../studio'
import styles from './Inbox.module.css'

const SOON_MS = 12 * 3_600_000

export function InboxRow({ card, here }: { card: Card; here: boolean }) {
  const { t } = useTranslation('creator')
  const language = useLanguage()
  const today = dayKey(card.last_at) === dayKey(serverNow())
  return (
    <Link
      href={`/studio/${card.id}`}
      className={classes(styles.row, here && styles.here)}
      aria-current={here ? 'page' : undefined}
    >
      <Avatar name={card.other_name} />
      <span className={styles.middle}>
        <span className={styles.line}>
          <span className={styles.name}>{card.other_name}</span>
          <time dateTime={card.last_at} className={styles.time}>
            {today ? clockTime(card.last_at, language) : shortMoment(card.last_at, language)}
          </time>
        </span>
        <span className={styles.line}>
          <span className={styles.last}>
            {lastLine(card, t('inbox.media'), t('inbox.nothing'))}
          </span>
          <Count value={card.unread} label={t('inbox.unread', { count: card.unread })} />
        </span>
        {card.state !== 'open' && (
          <Badge tone="hold" icon="pause">
            {t(card.state === 'ended' ? 'inbox.ended' : 'inbox.paused')}
          </Badge>
        )}
        {card.waiting > 0 && <Waiting card={card} />}
      </span>
    </Link>
  )
}

function lastLine(card: Card, media: string, nothing: string): string {
  if (card.last_seq === 0) return nothing
  return card.last_body || media
}

/** "Waiting for 6 h · refunded in 2 d". */
function Waiting({ card }: { card: Card }) {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  const now = useServerNow(30_000)
  const span = ({ unit, count }: Span) => t(`common:time.${unit}`, { count })
  const since = card.waiting_since ? now - Date.parse(card.waiting_since) : 0
  const due = card.answer_due_at
  const late = due !== null && Date.parse(due) - now < SOON_MS
  return (
    <span className={styles.waiting}>
      <Stub state="reserved" cents={card.reserved_cents}>
        {t('inbox.waiting', { count: card.waiting })}
      </Stub>
      <span className={styles.since}>
        {t('inbox.since', { span: span(timeUntil(new Date(now + since).toISOString(), now)) })}
      </span>
      {due && (
        <span title={shortMoment(due, language)}>
          <Badge tone={late ? 'hold' : 'plain'} icon="clock">
            {t('inbox.refund_in', { span: span(timeUntil(due, now)) })}
          </Badge>
        </span>
      )}
      {!due && <span className={styles.since}>{t('inbox.stopped')}</span>}
    </span>
  )
}
