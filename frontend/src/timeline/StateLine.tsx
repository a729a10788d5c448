/** What became of an own message, in words (§6 of the client's design). */
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { clockTime, dayKey, serverNow, shortMoment } from '../core/time'
import { refusalText } from '../core/words'
import { useLanguage } from '../i18n'
import { Icon, type IconName } from '../ui/Icon'
import { classes } from '../ui/classes'
import type { Bubble } from './entries'
import { useRowTab } from './rowActive'
import styles from './Bubble.module.css'

const CHECKING_MS = 600
const TONE: Partial<Record<Bubble['state'], { icon: IconName; tone: string | undefined }>> = {
  queued: { icon: 'offline', tone: styles.hold },
  sending: { icon: 'clock', tone: undefined },
  asking: { icon: 'alert', tone: styles.hold },
  failed: { icon: 'alert', tone: styles.stop },
  held: { icon: 'eye', tone: styles.hold },
  withheld: { icon: 'gavel', tone: styles.stop },
  expired: { icon: 'clock', tone: styles.hold },
  delivered: { icon: 'check', tone: undefined },
}

export interface StateLineProps {
  bubble: Bubble
  /** Delivered and read are drawn under the last own message; the others only say it. */
  shown: boolean
  read: boolean
}

export function StateLine({ bubble, shown, read }: StateLineProps) {
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  const tab = useRowTab()
  const edited = bubble.editedAt && (
    <span className={styles.state}>
      {t('common:state.edited', { time: clockTime(bubble.editedAt, language) })}
    </span>
  )
  if (!bubble.author.own || (bubble.state === 'unsent' && bubble.body === '')) return edited
  const look = TONE[bubble.state]
  const quiet = bubble.state === 'delivered' && !shown
  return (
    <>
      {edited}
      <span className={quiet ? 'visually-hidden' : classes(styles.state, look?.tone)}>
        {look && <Icon name={look.icon} size={16} />}
        <span>
          <StateWords bubble={bubble} read={read} />
          {bubble.statementUrl && (
            <>
              {' '}
              <a href={bubble.statementUrl} tabIndex={tab}>
                {t('statement')}
              </a>
            </>
          )}
        </span>
      </span>
    </>
  )
}

function StateWords({ bubble, read }: { bubble: Bubble; read: boolean }) {
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  switch (bubble.state) {
    case 'sending':
      return <Sending bubble={bubble} />
    case 'held':
      return t('common:state.held', { time: latest(bubble.decideBefore, language) })
    case 'delivered':
      return read ? t('read') : t('common:state.delivered')
    case 'queued':
      return t('common:state.queued')
    case 'asking':
    case 'failed':
      return <Refusal bubble={bubble} />
    case 'withheld':
    case 'expired':
    case 'unsent':
      return t(`common:state.${bubble.state}`)
  }
}

function latest(at: string | undefined, language: 'fr' | 'en'): string {
  if (!at) return ''
  return dayKey(at) === dayKey(serverNow()) ? clockTime(at, language) : shortMoment(at, language)
}

/** A clock at first; after 600 ms the words say that the text is being checked. */
function Sending({ bubble }: { bubble: Bubble }) {
  const { t } = useTranslation()
  const since = bubble.source.kind === 'outbox' ? bubble.source.item.sentMs : undefined
  const [late, setLate] = useState(false)
  useEffect(() => {
    const left = CHECKING_MS - (since === undefined ? 0 : serverNow() - since)
    const timer = setTimeout(() => setLate(true), Math.max(0, left))
    return () => clearTimeout(timer)
  }, [since])
  return t(late ? 'state.checking' : 'state.sending')
}

function Refusal({ bubble }: { bubble: Bubble }) {
  const { t } = useTranslation()
  const language = useLanguage()
  if (bubble.source.kind !== 'outbox') return null
  const { item } = bubble.source
  if (item.refusal) {
    const reason = refusalText(t, item.refusal, language)
    return item.status === 'failed' ? t('state.failed', { reason }) : reason
  }
  if (item.status === 'failed') return t('state.failed_unconfirmed')
  return t(item.why === 'money' ? 'state.asking_money' : 'state.asking_old')
}
