/** What the next press costs, who must answer by when, and the balance it leaves. Always shown. */
import { useTranslation } from 'react-i18next'
import { money } from '../core/money'
import { shortMoment } from '../core/time'
import type { Quoted } from '../gen/protocol'
import { useLanguage } from '../i18n'
import { Stub } from '../ui/Stub'
import styles from './Composer.module.css'

export interface ReceiptStripProps {
  quote: Pick<Quoted, 'price_cents' | 'answer_deadline_hours' | 'free_until'>
  balanceCents: number | null
}

export function ReceiptStrip({ quote, balanceCents }: ReceiptStripProps) {
  const { t } = useTranslation('timeline')
  const language = useLanguage()
  const { price_cents: cents, answer_deadline_hours: hours, free_until: until } = quote
  if (cents === 0) {
    return (
      <p key="free" className={styles.strip}>
        {until ? t('strip.free_until', { moment: shortMoment(until, language) }) : t('strip.free')}
      </p>
    )
  }
  const after = balanceCents === null ? null : balanceCents - cents
  return (
    // A new key for a new price: the strip is drawn afresh and its short flash runs once.
    <p key={cents} className={styles.strip}>
      <Stub state="before" cents={cents}>
        {t('strip.terms', { hours })}
      </Stub>
      {balanceCents !== null && after !== null && (
        <span className={styles.balance}>
          {after < 0
            ? t('strip.balance', { before: money(balanceCents, language) })
            : t('strip.balance_after', {
                before: money(balanceCents, language),
                after: money(after, language),
              })}
        </span>
      )}
    </p>
  )
}
