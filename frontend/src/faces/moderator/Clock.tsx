/** The time a person has to decide: how old the case is, and what is left. */
import { useTranslation } from 'react-i18next'
import { clockTime, timeUntil } from '../../core/time'
import { useServerNow } from '../../core/useServerNow'
import { useLanguage } from '../../i18n'
import { Badge } from '../../ui/Badge'
import { timeSince, useSpan } from './words'
import styles from './desk.module.css'

export interface ClockProps {
  openedAt: string
  dueAt: string
}

export function Clock({ openedAt, dueAt }: ClockProps) {
  const { t } = useTranslation('moderator')
  const span = useSpan()
  const language = useLanguage()
  const now = useServerNow(15_000)
  const late = Date.parse(dueAt) <= now
  const left = (Date.parse(dueAt) - now) / (Date.parse(dueAt) - Date.parse(openedAt))
  const facts = { age: span(timeSince(openedAt, now)), left: span(timeUntil(dueAt, now)) }
  return (
    <span className={styles.clock} title={t('clock.due', { time: clockTime(dueAt, language) })}>
      <span>{t('clock.age', facts)}</span>
      <Badge tone={late ? 'stop' : left < 0.25 ? 'hold' : 'plain'} icon="clock">
        {late ? t('clock.late') : t('clock.left', facts)}
      </Badge>
    </span>
  )
}
