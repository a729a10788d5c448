/** Release or withhold: rule, reason for the person concerned, note, and what follows, in words. */
import { useRef, useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { useShortcuts } from '../../../core/keys'
import { Button } from '../../../ui/Button'
import { Checkbox, Select, TextArea } from '../../../ui/Field'
import { useRules, type Case } from '../desk'
import { titleOf } from '../words'
import { useLanguage } from '../../../i18n'
import { Consequences } from './Consequences'
import { LeaseBar } from './LeaseBar'
import { Outcomes } from './Outcomes'
import { useDepart, type Then } from './useDepart'
import { useJudgement, type Judging } from './useJudgement'
import { useLease } from './useLease'
import styles from './Case.module.css'

export function Decision({ found, reload }: { found: Case; reload: () => void }) {
  const { t } = useTranslation('moderator')
  return (
    <section className={styles.panel} aria-labelledby="decision-title">
      <h2 id="decision-title">{t('decision.title')}</h2>
      {found.state !== 'open' && <p>{t('decision.closed')}</p>}
      {found.state === 'open' && !found.may_decide && <p>{t('decision.not_yours')}</p>}
      {found.state === 'open' && found.may_decide && <Deciding found={found} reload={reload} />}
    </section>
  )
}

function Deciding({ found, reload }: { found: Case; reload: () => void }) {
  const { t } = useTranslation('moderator')
  const lease = useLease(found)
  const judging = useJudgement(found)
  const depart = useDepart(found.id)
  const [asked, setAsked] = useState(false)
  const mine = lease.state.kind === 'mine'
  const decide = async (then: Then) => {
    setAsked(true)
    if (lease.state.kind !== 'mine' || !judging.complete) return
    await depart({ ...judging.complete, lease_token: lease.state.lease.lease_token }, then)
  }
  const claim = async () => {
    await lease.claim()
    reload()
  }
  useShortcuts([
    { id: 'case.claim', keys: 'c', run: () => void (mine || claim()) },
    { id: 'case.release', keys: 'r', run: () => judging.set({ outcome: 'release' }) },
    { id: 'case.withhold', keys: 'w', run: () => judging.set({ outcome: 'withhold' }) },
    { id: 'case.next', keys: 'n', run: () => void decide('next') },
  ])
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void decide('queue')
  }
  return (
    <>
      <LeaseBar found={found} lease={{ ...lease, claim }} />
      <form className={styles.form} onSubmit={submit} noValidate>
        {found.needs_second && <p>{t('decision.second')}</p>}
        <Outcomes value={judging.value.outcome} onChange={(outcome) => judging.set({ outcome })} />
        <Grounds judging={judging} asked={asked} />
        <Consequences found={found} judging={judging} />
        <div className={styles.presses}>
          <Button
            kind="main"
            type="submit"
            icon="gavel"
            disabled={!mine}
            aria-describedby="why-not"
          >
            {t('decision.decide')}
          </Button>
          <Button disabled={!mine} aria-describedby="why-not" onClick={() => void decide('next')}>
            {t('decision.next')}
          </Button>
        </div>
        <p id="why-not" className={styles.quiet}>
          {mine ? t('decision.keys') : t('decision.claim_first')}
        </p>
      </form>
    </>
  )
}

function Grounds({ judging, asked }: { judging: Judging; asked: boolean }) {
  const { t } = useTranslation('moderator')
  const language = useLanguage()
  const rules = useRules() ?? []
  const { value, set, missing } = judging
  const options = rules.map((rule) => ({ value: rule.id, label: titleOf(rule, language) }))
  const reason = useRef<HTMLTextAreaElement>(null)
  const lacks = (name: 'outcome' | 'rule' | 'reason') =>
    asked && missing.includes(name) ? t(`decision.missing_${name}`) : undefined
  return (
    <>
      <div role="alert">
        {lacks('outcome') && <p className={styles.stop}>{lacks('outcome')}</p>}
      </div>
      {value.outcome === 'withhold' && (
        <>
          <Select
            label={t('decision.rule')}
            value={value.rule}
            options={[{ value: '', label: t('decision.choose_rule') }, ...options]}
            error={lacks('rule')}
            onChange={(event) => judging.chooseRule(event.target.value)}
          />
          <TextArea
            ref={reason}
            label={t('decision.reason')}
            hint={t('decision.reason_hint')}
            lang={judging.language}
            maxLength={2_000}
            rows={4}
            value={value.reason}
            error={lacks('reason')}
            onChange={(event) => set({ reason: event.target.value })}
          />
          <Checkbox
            label={t('decision.at_fault')}
            hint={t('decision.at_fault_hint')}
            checked={value.payee_at_fault}
            onChange={(event) => set({ payee_at_fault: event.target.checked })}
          />
        </>
      )}
      <TextArea
        label={t('decision.note')}
        hint={t('decision.note_hint')}
        maxLength={2_000}
        rows={2}
        value={value.note}
        onChange={(event) => set({ note: event.target.value })}
      />
    </>
  )
}
