/** Ready media to choose from, as a set of checkboxes with pictures. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Button } from '../../../ui/Button'
import { Failed } from '../../../ui/Failed'
import { Skeleton } from '../../../ui/Skeleton'
import { useVault } from '../studio'
import { MediaTile } from './MediaTile'
import styles from './Vault.module.css'

export interface PickerProps {
  chosen: readonly string[]
  /** How many one message may carry. */
  most: number
  onChange: (chosen: readonly string[]) => void
}

export function Picker({ chosen, most, onChange }: PickerProps) {
  const { t } = useTranslation('creator')
  const vault = useVault()
  const ready = (vault.data?.pages.flatMap(({ media }) => media) ?? []).filter(
    ({ state }) => state === 'ready',
  )
  const full = chosen.length >= most
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])
  if (vault.isPending) return <Skeleton rows={2} height={96} />
  if (vault.isError) return <Failed error={vault.error} onRetry={() => void vault.refetch()} />
  if (ready.length === 0) {
    return (
      <p>
        {t('offer.no_media')} <Link href="/studio/vault">{t('offer.open_vault')}</Link>
      </p>
    )
  }
  return (
    <fieldset className={styles.picker}>
      <legend>{t('offer.choose', { count: most })}</legend>
      <div className={styles.grid}>
        {ready.map((media) => {
          const on = chosen.includes(media.media_id)
          return (
            <label key={media.media_id} data-on={on || undefined}>
              <MediaTile media={media} />
              <input
                type="checkbox"
                checked={on}
                disabled={full && !on}
                onChange={() => toggle(media.media_id)}
              />
            </label>
          )
        })}
      </div>
      {vault.hasNextPage && (
        <Button busy={vault.isFetchingNextPage} onClick={() => void vault.fetchNextPage()}>
          {t('vault.more')}
        </Button>
      )}
    </fieldset>
  )
}
