/** On duty or not: off duty nobody is told about cases, and nothing is asked of them. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { call, rest } from '../../../core/rest'
import { clockTime } from '../../../core/time'
import { refusalText } from '../../../core/words'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Icon } from '../../../ui/Icon'
import { toaster } from '../../../ui/Toast'
import styles from './Queue.module.css'

export function Duty({ standing }: { standing: components['schemas']['StandingOut'] | undefined }) {
  const { t } = useTranslation(['moderator', 'common'])
  const language = useLanguage()
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  if (!standing) return null
  const since = standing.on_duty_since
  const turn = async () => {
    setBusy(true)
    const result = await call(rest.PUT('/api/desk/duty', { body: { on: since === null } }))
    setBusy(false)
    if (result.ok) queries.setQueryData(['desk', 'standing'], result.data)
    else toaster.show({ text: refusalText(t as never, result.refusal, language), icon: 'alert' })
  }
  return (
    <button
      type="button"
      role="switch"
      className={styles.duty}
      aria-checked={since !== null}
      aria-busy={busy || undefined}
      title={t('duty.hint')}
      onClick={() => void (busy || turn())}
    >
      <Icon name={since ? 'bell' : 'moon'} />
      <span>{since ? t('duty.on', { time: clockTime(since, language) }) : t('duty.off')}</span>
    </button>
  )
}
