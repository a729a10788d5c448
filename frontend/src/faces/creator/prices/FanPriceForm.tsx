/** A price for one fan alone: set it, or let the other rules speak again. */
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { money, parseMoney } from '../../../core/money'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Field } from '../../../ui/Field'
import type { Prices } from '../studio'
import { typed } from './typed'
import { useChangePrices } from './useChangePrices'
import styles from './Prices.module.css'

export interface FanPriceFormProps {
  fanId: string
  /** The price set for this fan, when there is one. */
  cents: number | undefined
  prices: Pick<Prices, 'min_cents' | 'max_cents'>
}

export function FanPriceForm({ fanId, cents, prices }: FanPriceFormProps) {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  const change = useChangePrices()
  const [text, setText] = useState(cents === undefined ? '' : typed(cents, language))
  const [wrong, setWrong] = useState(false)
  const bounds = { min: money(prices.min_cents, language), max: money(prices.max_cents, language) }
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const wanted = parseMoney(text)
    setWrong(wanted === null)
    if (wanted !== null) await change.fanPrice(fanId, wanted)
  }
  const clear = async () => {
    if (await change.clearFanPrice(fanId)) setText('')
  }
  return (
    <form className={styles.fanForm} onSubmit={(event) => void save(event)} noValidate>
      <Field
        label={t('fan.own_price')}
        hint={t('fan.own_price_hint', bounds)}
        inputMode="decimal"
        autoComplete="off"
        value={text}
        error={wrong ? t('prices.no_amount') : change.error || undefined}
        onChange={(event) => setText(event.target.value)}
      />
      <div className={styles.presses}>
        <Button type="submit" busy={change.busy}>
          {t('common:app.save')}
        </Button>
        {cents !== undefined && (
          <Button kind="quiet" onClick={() => void clear()}>
            {t('fan.clear')}
          </Button>
        )}
      </div>
    </form>
  )
}
