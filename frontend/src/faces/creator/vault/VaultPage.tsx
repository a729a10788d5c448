/** The vault: add photos, see their state, take them out of sale. */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { voice } from '../../../core/announcer'
import { call, rest } from '../../../core/rest'
import { refusalText } from '../../../core/words'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Dialog } from '../../../ui/Dialog'
import { Failed } from '../../../ui/Failed'
import { Skeleton } from '../../../ui/Skeleton'
import { toaster } from '../../../ui/Toast'
import { useRefresh, useVault, type Media } from '../studio'
import { FilePress } from './FilePress'
import { MediaTile } from './MediaTile'
import { UploadList } from './UploadList'
import { uploads } from './uploads'
import page from '../creator.module.css'
import styles from './Vault.module.css'

export function VaultPage() {
  const { t } = useTranslation('creator')
  const vault = useVault()
  const [leaving, setLeaving] = useState<Media | null>(null)
  const sending = useUploads()
  const known = vault.data?.pages.flatMap(({ media }) => media) ?? []
  const running = new Set(sending.map(({ mediaId }) => mediaId))
  const shown = known.filter(
    ({ media_id }) => !running.has(media_id) || !isGoing(sending, media_id),
  )
  return (
    <div className={page.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{t('vault.title')}</h1>
        <FilePress label={t('vault.add')} multiple onFiles={(files) => uploads.add(files)} />
      </header>
      <p className={page.quiet}>{t('vault.note')}</p>
      <UploadList uploads={uploads} />
      {vault.isPending && <Skeleton rows={2} height={160} />}
      {vault.isError && <Failed error={vault.error} onRetry={() => void vault.refetch()} />}
      {vault.isSuccess && shown.length === 0 && sending.length === 0 && <p>{t('vault.empty')}</p>}
      <ul className={styles.grid} aria-label={t('vault.title')}>
        {shown.map((media) => (
          <li key={media.media_id}>
            <MediaTile media={media}>
              <TileActs media={media} onDelete={() => setLeaving(media)} />
            </MediaTile>
          </li>
        ))}
      </ul>
      {vault.hasNextPage && (
        <Button busy={vault.isFetchingNextPage} onClick={() => void vault.fetchNextPage()}>
          {t('vault.more')}
        </Button>
      )}
      {leaving && <DeleteDialog media={leaving} onClose={() => setLeaving(null)} />}
    </div>
  )
}

const isGoing = (items: typeof uploads.items, mediaId: string): boolean =>
  items.some((item) => item.mediaId === mediaId && item.status !== 'ready')

/** The uploads of this visit; the list is asked again, and it is said, when one is done. */
function useUploads() {
  const { t } = useTranslation('creator')
  const refresh = useRefresh()
  const items = useSyncExternalStore(uploads.subscribe, () => uploads.items)
  const done = items.filter(({ status }) => status === 'ready' || status === 'failed').length
  const before = useRef(done)
  useEffect(() => {
    if (done > before.current) {
      refresh.vault()
      voice.polite(t('upload.spoken', { count: done - before.current }))
    }
    before.current = done
  }, [done, refresh, t])
  return items
}

function TileActs({ media, onDelete }: { media: Media; onDelete: () => void }) {
  const { t } = useTranslation('creator')
  const name = media.file_name || t('vault.photo')
  const goOn = (files: readonly File[]) => {
    const [file] = files
    if (file && !uploads.goOn(media, file)) {
      toaster.show({ text: t('upload.other_file'), icon: 'alert' })
    }
  }
  return (
    <div className={styles.acts}>
      {media.state === 'uploading' && <FilePress label={t('upload.go_on')} onFiles={goOn} />}
      {media.state !== 'retired' && (
        <Button kind="quiet" aria-label={t('vault.delete_of', { name })} onClick={onDelete}>
          {t('vault.delete')}
        </Button>
      )}
    </div>
  )
}

function DeleteDialog({ media, onClose }: { media: Media; onClose: () => void }) {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)
  const erase = async () => {
    setBusy(true)
    const params = { path: { media_id: media.media_id } }
    const result = await call(rest.DELETE('/api/studio/media/{media_id}', { params }))
    refresh.vault()
    onClose()
    const refused = result.ok ? null : refusalText(t as never, result.refusal, language)
    toaster.show({ text: refused ?? t('vault.deleted'), icon: refused ? 'alert' : 'check' })
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('vault.delete_title')}
      actions={
        <>
          <Button onClick={onClose}>{t('common:app.cancel')}</Button>
          <Button kind="danger" busy={busy} onClick={() => void erase()}>
            {t('vault.delete')}
          </Button>
        </>
      }
    >
      <p>{t('vault.delete_words')}</p>
    </Dialog>
  )
}
