/** What holds for every fan: price of a message, free window after an answer, time to answer. */
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { money, parseMoney } from '../../../core/money'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Field, Select } from '../../../ui/Field'
import type { Prices } from '../studio'
import { PriceSplit } from './PriceSplit'
import { typed } from './typed'
import { useChangePrices } from './useChangePrices'
import page from '../creator.module.css'
import styles from './Prices.module.css'

const WINDOWS = [0, 1, 6, 12, 24, 48, 72, 168]
const DEADLINES = [24, 48, 72, 96, 120, 168]

export function TermsForm({ prices }: { prices: Prices }) {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  const change = useChangePrices()
  const shown = prices.default_cents ?? prices.platform_default_cents
  const [price, setPrice] = useState(typed(shown, language))
  const [window, setWindow] = useState(prices.reply_window_hours ?? 0)
  const [deadline, setDeadline] = useState(prices.answer_deadline_hours)
  const cents = parseMoney(price)
  const bounds = {
    min: money(prices.min_cents, language),
    max: money(prices.max_cents, language),
  }
  const free = cents === 0
  const fits = cents !== null && (free || (cents >= prices.min_cents && cents <= prices.max_cents))
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    if (!fits) return
    const kept = prices.default_cents === null && cents === prices.platform_default_cents
    await change.terms({
      default_cents: kept ? null : cents,
      reply_window_hours: window || null,
      answer_deadline_hours: deadline,
    })
  }
  return (
    <form className={page.section} onSubmit={(event) => void save(event)} noValidate>
      <h2>{t('prices.for_all')}</h2>
      <Field
        label={t('prices.default')}
        hint={t('prices.bounds', bounds)}
        inputMode="decimal"
        autoComplete="off"
        value={price}
        error={fits ? undefined : t('prices.no_amount')}
        onChange={(event) => setPrice(event.target.value)}
      />
      {fits && !free && <PriceSplit cents={cents} />}
      <div className={styles.pair}>
        <Select
          label={t('prices.window')}
          hint={t('prices.window_hint')}
          value={window}
          options={withCurrent(WINDOWS, window).map((hours) => ({
            value: String(hours),
            label: hours === 0 ? t('prices.never') : t('prices.hours', { count: hours }),
          }))}
          onChange={(event) => setWindow(Number(event.target.value))}
        />
        <Select
          label={t('prices.deadline')}
          hint={t('prices.deadline_hint')}
          value={deadline}
          options={withCurrent(DEADLINES, deadline).map((hours) => ({
            value: String(hours),
            label: t('prices.hours', { count: hours }),
          }))}
          onChange={(event) => setDeadline(Number(event.target.value))}
        />
      </div>
      <div role="alert">{change.error && <p className={page.error}>{change.error}</p>}</div>
      <Button kind="main" type="submit" busy={change.busy} disabled={!fits}>
        {t('common:app.save')}
      </Button>
    </form>
  )
}

/** The choices, with the one in force among them. */
function withCurrent(choices: readonly number[], current: number): number[] {
  return [...new Set([...choices, current])].sort((a, b) => a - b)
}
