/**
 * Media for sale inside a message. Closed: lure, preview line, count, price, and for the fan
 * "Unlock". Open: the pictures themselves, by signed links, for the fan who bought them.
 */
import { Suspense, lazy, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { money } from '../core/money'
import type { OfferView } from '../gen/protocol'
import { useLanguage } from '../i18n'
import { Button } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { Stub } from '../ui/Stub'
import { Lure } from './Lure'
import { useRowTab } from './rowActive'
import { UnlockedMedia } from './UnlockedMedia'
import styles from './Media.module.css'

const UnlockSheet = lazy(() => import('./UnlockSheet'))

export interface LockedMediaProps {
  offer: OfferView
  reader: 'fan' | 'creator'
}

export function LockedMedia({ offer, reader }: LockedMediaProps) {
  const { t } = useTranslation('timeline')
  const tab = useRowTab()
  const [opening, setOpening] = useState(false)
  const [bought, setBought] = useState<string | null>(null)
  const label = useOfferLabel(offer)
  const entitlement = offer.entitlement_id ?? bought
  if (reader === 'fan' && entitlement) {
    return <UnlockedMedia entitlementId={entitlement} offer={offer} />
  }
  return (
    <section className={styles.media} aria-label={label}>
      <div className={styles.picture}>
        <Lure bytes={offer.lure} width={offer.width} height={offer.height} />
        <p className={styles.chip}>
          <Icon name="lock" size={16} />
          {t('media.photos', { count: offer.media_count })}
        </p>
      </div>
      {offer.preview && <p className={styles.preview}>{offer.preview}</p>}
      <div className={styles.offer}>
        <OfferStub offer={offer} />
        {reader === 'fan' && (
          <Button kind="main" icon="lock" tabIndex={tab} onClick={() => setOpening(true)}>
            {t('media.unlock')}
          </Button>
        )}
      </div>
      {opening && (
        <Suspense>
          <UnlockSheet
            offer={offer}
            onClose={() => setOpening(false)}
            onOpened={(id) => {
              setBought(id)
              setOpening(false)
            }}
          />
        </Suspense>
      )}
    </section>
  )
}

/** "Locked media, 3 photos, €9.99". */
function useOfferLabel(offer: OfferView): string {
  const { t } = useTranslation('timeline')
  const language = useLanguage()
  const photos = t('media.photos', { count: offer.media_count })
  return offer.price_cents == null
    ? t('media.label', { photos })
    : t('media.label_price', { photos, price: money(offer.price_cents, language) })
}

function OfferStub({ offer }: { offer: OfferView }) {
  const { t } = useTranslation('timeline')
  const cents = offer.price_cents ?? undefined
  return (
    <Stub state={offer.owned ? 'captured' : 'before'} cents={cents}>
      {t(offer.owned ? 'media.sold' : 'media.once')}
    </Stub>
  )
}
