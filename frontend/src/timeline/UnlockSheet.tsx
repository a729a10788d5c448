/** The unlock, before it is pressed: what, for how much, from which balance. One opening, one charge. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore, useWallet } from '../core/hooks'
import { money } from '../core/money'
import { uuid7 } from '../core/uuid7'
import { refusalText } from '../core/words'
import type { OfferView, Receipt, Refused } from '../gen/protocol'
import type { Unanswered } from '../core/socket'
import { useLanguage } from '../i18n'
import { Button } from '../ui/Button'
import { Sheet } from '../ui/Dialog'
import { Icon } from '../ui/Icon'
import { Money } from '../ui/Money'
import { Lure } from './Lure'
import { TopUpLink } from './TopUpLink'
import styles from './Media.module.css'

export interface UnlockSheetProps {
  offer: OfferView
  onClose: () => void
  onOpened: (entitlementId: string) => void
}

export default function UnlockSheet({ offer, onClose, onOpened }: UnlockSheetProps) {
  const { t } = useTranslation('timeline')
  const language = useLanguage()
  const sale = useSale(offer, onOpened)
  const missing = sale.missingCents
  return (
    <Sheet
      open
      onClose={onClose}
      title={t('unlock.title')}
      actions={
        <>
          <Button onClick={onClose}>{t('unlock.not_now')}</Button>
          {missing > 0 ? (
            <TopUpLink missingCents={missing} />
          ) : (
            <Button kind="main" icon="lock" busy={sale.busy} onClick={() => void sale.press()}>
              {t('unlock.press', { price: money(sale.cents, language) })}
            </Button>
          )}
        </>
      }
    >
      <div className={styles.sheet}>
        <Lure bytes={offer.lure} width={offer.width} height={offer.height} />
        {offer.preview && <p>{offer.preview}</p>}
        <p>{t('media.photos', { count: offer.media_count })}</p>
        <Balance cents={sale.cents} />
        <p className={styles.note}>{t('unlock.rights')}</p>
        <div role="alert">
          {sale.error && (
            <p className={styles.error}>
              <Icon name="alert" />
              {sale.error}
            </p>
          )}
        </div>
      </div>
    </Sheet>
  )
}

function Balance({ cents }: { cents: number }) {
  const { t } = useTranslation('timeline')
  const wallet = useWallet()
  return (
    <dl className={styles.sums}>
      <dt>{t('unlock.price')}</dt>
      <dd>
        <Money cents={cents} />
      </dd>
      {wallet && (
        <>
          <dt>{t('unlock.balance')}</dt>
          <dd>
            <Money cents={wallet.balanceCents} />
          </dd>
          <dt>{t('unlock.after')}</dt>
          <dd>
            {wallet.balanceCents < cents ? (
              t('unlock.short')
            ) : (
              <Money cents={wallet.balanceCents - cents} />
            )}
          </dd>
        </>
      )}
    </dl>
  )
}

/** The one purchase of this opening: however often it is pressed, it carries one client id. */
function useSale(offer: OfferView, onOpened: (entitlementId: string) => void) {
  const { t } = useTranslation(['timeline', 'common'])
  const { t: say } = useTranslation()
  const language = useLanguage()
  const store = useStore()
  const wallet = useWallet()
  const [attempt, setAttempt] = useState({ clientId: uuid7(), cents: offer.price_cents ?? 0 })
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const read = (answer: Receipt | Refused | Unanswered) => {
    if (answer.t === 'receipt' && answer.entitlement_id) return onOpened(answer.entitlement_id)
    if (answer.t !== 'refused') return setError(t('common:state.failed_unconfirmed'))
    // Another price is another purchase, with an id of its own.
    if (answer.code === 'price_changed' && answer.price_cents != null) {
      setAttempt({ clientId: uuid7(), cents: answer.price_cents })
      return setError(t('unlock.price_changed', { price: money(answer.price_cents, language) }))
    }
    setError(refusalText(say, answer, language))
  }
  const press = async () => {
    setBusy(true)
    setError('')
    const { clientId: client_id, cents: max_price_cents } = attempt
    const ask = { t: 'unlock' as const, offer_id: offer.offer_id, client_id, max_price_cents }
    read(await store.request(ask))
    setBusy(false)
  }
  const missingCents = wallet ? Math.max(0, attempt.cents - wallet.balanceCents) : 0
  return { cents: attempt.cents, missingCents, busy, error, press }
}
