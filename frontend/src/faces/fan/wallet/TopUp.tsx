/** The form of a top-up, with the test cards of test mode and the bank's question. */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from '../../../core/hooks'
import { money, parseMoney, type Language } from '../../../core/money'
import { refusalText } from '../../../core/words'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Dialog } from '../../../ui/Dialog'
import { Field, Select } from '../../../ui/Field'
import { Icon } from '../../../ui/Icon'
import { useTopUp, type TopUpFlow } from './useTopUp'
import styles from '../fan.module.css'

type Terms = components['schemas']['WalletOut']

export function TopUp({ terms, onCredited }: { terms: Terms; onCredited: () => void }) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  const [amount, setAmount] = useState(() =>
    plain(terms.presets_cents[0] ?? terms.topup_min_cents, language),
  )
  const [card, setCard] = useState('')
  const [touched, setTouched] = useState(false)
  const flow = useTopUp(useCredit(onCredited))
  const cents = parseMoney(amount)
  const valid = cents !== null && cents >= terms.topup_min_cents && cents <= terms.topup_max_cents
  const bounds = {
    min: money(terms.topup_min_cents, language),
    max: money(terms.topup_max_cents, language),
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setTouched(true)
    if (valid && card.trim() && !flow.busy) void flow.start(cents, card)
  }
  return (
    <section className={styles.section} aria-labelledby="topup-title">
      <h2 id="topup-title">{t('topup.title')}</h2>
      <form className={styles.form} onSubmit={submit} noValidate>
        <div className={styles.presets} role="group" aria-label={t('topup.presets')}>
          {terms.presets_cents.map((preset) => (
            <button
              key={preset}
              type="button"
              className={styles.preset}
              aria-pressed={preset === cents}
              onClick={() => setAmount(plain(preset, language))}
            >
              {money(preset, language)}
            </button>
          ))}
        </div>
        <Field
          label={t('topup.amount')}
          hint={t('topup.bounds', bounds)}
          inputMode="decimal"
          value={amount}
          onChange={(event) => setAmount(event.target.value)}
          error={touched && !valid ? t('topup.bounds', bounds) : undefined}
        />
        <CardField terms={terms} card={card} onCard={setCard} missing={touched && !card.trim()} />
        <Outcome flow={flow} />
        <Button kind="main" type="submit" icon="card" busy={flow.busy}>
          {valid ? t('topup.press', { amount: money(cents, language) }) : t('topup.press_plain')}
        </Button>
      </form>
      <Challenge flow={flow} />
    </section>
  )
}

/** An amount as a field holds it, "20,00": without the sign that the label says. */
const plain = (cents: number, language: Language) =>
  money(cents, language).replace(/[€\s\u00a0]/g, '')

function useCredit(onCredited: () => void) {
  const store = useStore()
  const queries = useQueryClient()
  return useCallback(() => {
    void store.refreshWallet()
    void queries.invalidateQueries({ queryKey: ['wallet-lines'] })
    onCredited()
  }, [store, queries, onCredited])
}

interface CardFieldProps {
  terms: Terms
  card: string
  onCard: (number: string) => void
  missing: boolean
}

function CardField({ terms, card, onCard, missing }: CardFieldProps) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  const known = terms.test_cards
  const chosen = known.some(({ number }) => number === card) ? card : ''
  return (
    <>
      {known.length > 0 && (
        <div className={styles.test}>
          <p>
            <Icon name="info" size={16} /> {t('topup.test_mode')}
          </p>
          <Select
            label={t('topup.test_card')}
            value={chosen}
            onChange={(event) => onCard(event.target.value)}
            options={[
              { value: '', label: t('topup.choose_card') },
              ...known.map((one) => ({
                value: one.number,
                label: language === 'fr' ? one.label_fr : one.label_en,
              })),
            ]}
          />
        </div>
      )}
      <Field
        label={t('topup.card')}
        inputMode="numeric"
        autoComplete="cc-number"
        maxLength={32}
        value={card}
        onChange={(event) => onCard(event.target.value)}
        error={missing ? t('topup.card_missing') : undefined}
      />
    </>
  )
}

function Outcome({ flow }: { flow: TopUpFlow }) {
  const { t } = useTranslation(['fan', 'common'])
  const { t: say } = useTranslation()
  const language = useLanguage()
  const { payment, refusal } = flow
  const declined = payment?.state === 'declined'
  return (
    <>
      <div role="alert">
        {(refusal ?? declined) && (
          <p className={styles.stop}>
            <Icon name="alert" />
            {refusal ? refusalText(say, refusal, language) : t('common:refusal.payment_declined')}
          </p>
        )}
      </div>
      <p role="status" className={styles.soft}>
        {payment && !declined && payment.state !== 'requires_action' && (
          <>
            {payment.credited_at
              ? t('topup.credited', { amount: money(payment.amount_cents, language) })
              : t('topup.waiting')}
          </>
        )}
      </p>
    </>
  )
}

/** The bank's own question (3-D Secure), in test mode answered here. */
function Challenge({ flow }: { flow: TopUpFlow }) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  const { payment } = flow
  if (payment?.state !== 'requires_action') return null
  return (
    <Dialog
      open
      onClose={() => void flow.answer(false)}
      title={t('challenge.title')}
      actions={
        <>
          <Button busy={flow.busy} onClick={() => void flow.answer(false)}>
            {t('challenge.refuse')}
          </Button>
          <Button kind="main" busy={flow.busy} onClick={() => void flow.answer(true)}>
            {t('challenge.approve')}
          </Button>
        </>
      }
    >
      <p>{t('challenge.text', { amount: money(payment.amount_cents, language) })}</p>
    </Dialog>
  )
}
