/** One media of the vault: its small picture when there is one, else its state in words. */
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../../../ui/Icon'
import type { Media } from '../studio'
import styles from './Vault.module.css'

const STATES = ['uploading', 'processing', 'ready', 'failed', 'retired'] as const

export function MediaTile({ media, children }: { media: Media; children?: ReactNode }) {
  const { t } = useTranslation('creator')
  const state = STATES.find((known) => known === media.state)
  return (
    <div className={styles.tile} data-state={media.state}>
      {media.thumbnail_url ? (
        <img src={media.thumbnail_url} alt={media.file_name || t('vault.photo')} loading="lazy" />
      ) : (
        <span className={styles.noPicture}>
          <Icon name={media.state === 'failed' ? 'alert' : 'image'} size={24} />
        </span>
      )}
      <span className={styles.caption}>
        <span className={styles.file}>{media.file_name || t('vault.photo')}</span>
        {media.state !== 'ready' && (
          <span className={styles.state}>{state ? t(`vault.state_${state}`) : media.state}</span>
        )}
      </span>
      {children}
    </div>
  )
}
