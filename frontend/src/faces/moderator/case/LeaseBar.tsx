/** Who works on the case, and until when: the clock is always in sight. */
import { useTranslation } from 'react-i18next'
import { clockTime } from '../../../core/time'
import { useServerNow } from '../../../core/useServerNow'
import { refusalText } from '../../../core/words'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Icon } from '../../../ui/Icon'
import type { Case } from '../desk'
import type { Leasing } from './useLease'
import styles from './Case.module.css'

export function LeaseBar({ found, lease }: { found: Case; lease: Leasing }) {
  const { t } = useTranslation('moderator')
  const { state, busy } = lease
  if (state.kind === 'mine') {
    return (
      <div className={styles.lease} data-mine="">
        <LeaseClock until={state.lease.until} />
        <Button busy={busy} onClick={() => void lease.giveBack()}>
          {t('lease.give_back')}
        </Button>
      </div>
    )
  }
  return (
    <div className={styles.lease}>
      <div role="alert">{state.kind === 'lost' && <p>{t('lease.lost')}</p>}</div>
      <HeldByOther found={found} lease={lease} />
      <Button kind="main" icon="hand" busy={busy} onClick={() => void lease.claim()}>
        {state.kind === 'lost' ? t('lease.again') : t('lease.claim')}
      </Button>
      <p className={styles.quiet}>{t('lease.explain')}</p>
    </div>
  )
}

function LeaseClock({ until }: { until: string }) {
  const { t } = useTranslation('moderator')
  const now = useServerNow(1_000)
  const left = Math.max(0, Math.round((Date.parse(until) - now) / 1_000))
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
  return (
    <p className={styles.leaseClock} role="timer" data-short={left < 60 || undefined}>
      <Icon name="clock" />
      {t('lease.mine')} <span>{clock}</span>
    </p>
  )
}

function HeldByOther({ found, lease }: { found: Case; lease: Leasing }) {
  const { t } = useTranslation(['moderator', 'common'])
  const language = useLanguage()
  const { refusal } = lease
  const holder = refusal?.holder
  const until = refusal?.until
  if (typeof holder === 'string' && typeof until === 'string') {
    const facts = { name: holder, time: clockTime(until, language) }
    return <p role="alert">{t('lease.other', facts)}</p>
  }
  if (refusal) return <p role="alert">{refusalText(t as never, refusal, language)}</p>
  if (!found.holder || found.holder.is_me) return null
  const facts = { name: found.holder.name, time: clockTime(found.holder.until, language) }
  return <p>{t('lease.other', facts)}</p>
}
