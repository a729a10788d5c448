/** Bought pictures, by links of five minutes that are asked again when they lapse. */
import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ask, rest } from '../core/rest'
import { Button } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { Lure, type LureProps } from './Lure'
import { useRowTab } from './rowActive'
import styles from './Media.module.css'

const Viewer = lazy(() => import('./Viewer'))
const LINK_MS = 4 * 60_000

export interface Shown {
  lure: LureProps['bytes']
  width: number
  height: number
  preview?: string
}

/** The signed links of an unlock: for this session, for five minutes. */
export function useUnlockLinks(entitlementId: string) {
  return useQuery({
    queryKey: ['links', entitlementId],
    queryFn: () =>
      ask(
        rest.POST('/api/unlocks/{entitlement_id}/links', {
          params: { path: { entitlement_id: entitlementId } },
        }),
      ),
    staleTime: LINK_MS,
    gcTime: LINK_MS,
  })
}

export function UnlockedMedia({ entitlementId, offer }: { entitlementId: string; offer: Shown }) {
  const { t } = useTranslation('timeline')
  const tab = useRowTab()
  const links = useUnlockLinks(entitlementId)
  const [viewing, setViewing] = useState<number | null>(null)
  if (links.isError) {
    return (
      <div className={styles.media} role="status">
        <p className={styles.error}>
          <Icon name="alert" />
          {t('media.failed')}
        </p>
        <Button tabIndex={tab} onClick={() => void links.refetch()}>
          {t('media.again')}
        </Button>
      </div>
    )
  }
  const items = links.data ?? []
  return (
    <section className={styles.media} aria-label={t('media.open_label', { count: items.length })}>
      {!links.data && <Lure bytes={offer.lure} width={offer.width} height={offer.height} />}
      {items.map((link, index) => (
        <button
          key={link.item}
          type="button"
          tabIndex={tab}
          className={styles.open}
          style={{ aspectRatio: `${link.width} / ${link.height}` }}
          aria-label={t('media.view', { number: index + 1, count: items.length })}
          onClick={() => setViewing(index)}
        >
          <img src={link.url} alt="" onError={() => void links.refetch()} />
        </button>
      ))}
      {offer.preview && <p className={styles.preview}>{offer.preview}</p>}
      {viewing !== null && (
        <Suspense>
          <Viewer links={items} start={viewing} onClose={() => setViewing(null)} />
        </Suspense>
      )}
    </section>
  )
}
