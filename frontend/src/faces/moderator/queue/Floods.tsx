/** Rules that spoke far more than usual: what happened to each, and the hand that puts it back. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { call, rest } from '../../../core/rest'
import { clockTime } from '../../../core/time'
import { refusalText } from '../../../core/words'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { toaster } from '../../../ui/Toast'
import { FLOOD_QUEUE, queueHref, useDeskRefresh, useFloods, type Flood } from '../desk'
import { Severity } from '../Severity'
import { useRuleTitle } from '../words'
import styles from './Queue.module.css'

export function Floods() {
  const { t } = useTranslation('moderator')
  const floods = useFloods()
  if (floods.length === 0) return null
  return (
    <section className={styles.floods} aria-labelledby="floods-title">
      <h2 id="floods-title">{t('flood.title', { count: floods.length })}</h2>
      <ul>
        {floods.map((flood) => (
          <Notice key={flood.id} flood={flood} />
        ))}
      </ul>
    </section>
  )
}

function Notice({ flood }: { flood: Flood }) {
  const { t } = useTranslation(['moderator', 'common'])
  const language = useLanguage()
  const title = useRuleTitle()
  const refresh = useDeskRefresh()
  const [busy, setBusy] = useState(false)
  const putBack = async () => {
    setBusy(true)
    const path = { params: { path: { flood_id: flood.id } } }
    const result = await call(rest.POST('/api/desk/floods/{flood_id}/put-back', path))
    setBusy(false)
    if (result.ok) toaster.show({ text: t('flood.done', { rule: flood.rule }), icon: 'check' })
    else toaster.show({ text: refusalText(t as never, result.refusal, language), icon: 'alert' })
    refresh()
  }
  const facts = {
    count: flood.hits,
    median: flood.hourly_median,
    time: clockTime(flood.since, language),
  }
  return (
    <li className={styles.flood}>
      <p className={styles.facts}>
        <strong>{title(flood.policy)}</strong>
        <Severity value={flood.severity} />
        <code>{flood.rule}</code>
      </p>
      <p>{t('flood.hits', facts)}</p>
      <p>{t(flood.without_effect ? 'flood.shadowed' : 'flood.holds')}</p>
      <p className={styles.facts}>
        <Link href={queueHref(FLOOD_QUEUE)}>{t('flood.cases', { count: flood.cases })}</Link>
        <Button busy={busy} onClick={() => void putBack()}>
          {t(flood.without_effect ? 'flood.put_back' : 'flood.end')}
        </Button>
      </p>
    </li>
  )
}
