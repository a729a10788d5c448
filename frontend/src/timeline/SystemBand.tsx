/** A line of the system: price, refund, or a moderator's step, which is the curtain band. */
import { useTranslation } from 'react-i18next'
import type { Line } from '../core/log'
import { money } from '../core/money'
import { clockTime, shortMoment } from '../core/time'
import { useLanguage } from '../i18n'
import { Icon, type IconName } from '../ui/Icon'
import styles from './Timeline.module.css'

const ICON: Record<string, IconName> = {
  price_changed: 'stub',
  answer_refunded: 'refund',
  moderator_joined: 'gavel',
  moderator_left: 'gavel',
  conversation_paused: 'pause',
  conversation_resumed: 'play',
  conversation_ended: 'block',
}

/** Amounts are shown when the server sent them: a watcher's lines come without. */
export function SystemBand({ line }: { line: Line }) {
  const language = useLanguage()
  const step = line.kind.startsWith('moderator_') || line.kind.startsWith('conversation_')
  return (
    <p className={step ? styles.curtain : styles.line} data-line={line.kind}>
      <Icon name={ICON[line.kind] ?? 'info'} size={16} />
      <span>
        {useLineText(line)} <time dateTime={line.at}>{clockTime(line.at, language)}</time>
      </span>
    </p>
  )
}

function useLineText(line: Line): string {
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  const cents = line.price_cents ?? line.amount_cents
  const amount = cents == null ? '' : money(cents, language)
  const facts = {
    amount,
    moderator: line.moderator ?? '',
    reason: line.reason ?? '',
    until: line.until ? shortMoment(line.until, language) : '',
  }
  switch (line.kind) {
    case 'price_changed':
      if (cents === 0) return t('line.price_free')
      return amount ? t('line.price_changed', facts) : t('line.price_changed_plain')
    case 'answer_refunded':
      return refundText(t, line, amount)
    case 'conversation_paused':
      return line.until
        ? t('line.conversation_paused_until', facts)
        : t('line.conversation_paused', facts)
    case 'moderator_joined':
    case 'moderator_left':
    case 'conversation_resumed':
    case 'conversation_ended':
      return t(`line.${line.kind}`, facts)
    default:
      return t('line.other')
  }
}

const REFUNDS = ['unanswered', 'declined', 'unsent', 'withheld', 'expired', 'ended'] as const

function refundText(
  t: ReturnType<typeof useTranslation<['timeline', 'common']>>['t'],
  line: Line,
  amount: string,
): string {
  const reason = REFUNDS.find((known) => known === line.reason)
  const words = reason ? t(`common:money.refunded_${reason}`) : t('common:money.refunded')
  return amount ? `${words} · ${amount}` : words
}
