/** Media for sale in this conversation: choose them, price them, say one line, see who gets what. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLimits } from '../../../core/hooks'
import { money, parseMoney } from '../../../core/money'
import { call, rest } from '../../../core/rest'
import { refusalText } from '../../../core/words'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Sheet } from '../../../ui/Dialog'
import { Field } from '../../../ui/Field'
import { PriceSplit } from '../prices/PriceSplit'
import { Picker } from '../vault/Picker'
import styles from './Conversation.module.css'

const PREVIEW_MAX_CHARACTERS = 120

export interface MadeOffer {
  offerId: string
  priceCents: number
  mediaCount: number
}

export interface OfferSheetProps {
  conversationId: string
  onClose: () => void
  onMade: (offer: MadeOffer) => void
}

export function OfferSheet({ conversationId, onClose, onMade }: OfferSheetProps) {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  const limits = useLimits()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [price, setPrice] = useState('')
  const [preview, setPreview] = useState('')
  const making = useMaking(conversationId, onMade)
  const least = limits?.unlock_price_min_cents ?? 0
  const most = limits?.unlock_price_max_cents ?? 0
  const cents = parseMoney(price)
  const fits = cents !== null && cents >= least && cents <= most
  const bounds = { min: money(least, language), max: money(most, language) }
  return (
    <Sheet
      open
      onClose={onClose}
      title={t('offer.title')}
      actions={
        <>
          <Button onClick={onClose}>{t('common:app.cancel')}</Button>
          <Button
            kind="main"
            busy={making.busy}
            disabled={chosen.length === 0 || !fits}
            onClick={() => void making.make(chosen, cents ?? 0, preview)}
          >
            {t('offer.add')}
          </Button>
        </>
      }
    >
      <div className={styles.offer}>
        <Picker chosen={chosen} most={limits?.media_per_message_max ?? 1} onChange={setChosen} />
        <Field
          label={t('offer.price')}
          inputMode="decimal"
          autoComplete="off"
          hint={t('offer.bounds', bounds)}
          error={price !== '' && !fits ? t('offer.out_of_bounds', bounds) : undefined}
          value={price}
          onChange={(event) => setPrice(event.target.value)}
        />
        {fits && <PriceSplit cents={cents} />}
        <Field
          label={t('offer.preview')}
          hint={t('offer.preview_hint')}
          maxLength={PREVIEW_MAX_CHARACTERS}
          value={preview}
          onChange={(event) => setPreview(event.target.value)}
        />
        <div role="alert">{making.error && <p className={styles.error}>{making.error}</p>}</div>
      </div>
    </Sheet>
  )
}

function useMaking(conversationId: string, onMade: (offer: MadeOffer) => void) {
  const { t } = useTranslation()
  const language = useLanguage()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const make = async (media: readonly string[], priceCents: number, preview: string) => {
    setBusy(true)
    setError('')
    const body = {
      conversation_id: conversationId,
      media_ids: [...media],
      price_cents: priceCents,
      preview: preview.trim(),
    }
    const result = await call(rest.POST('/api/studio/offers', { body }))
    setBusy(false)
    if (!result.ok) return setError(refusalText(t, result.refusal, language))
    const { offer_id: offerId, media_count: mediaCount } = result.data
    onMade({ offerId, priceCents: result.data.price_cents, mediaCount })
  }
  return { busy, error, make }
}
