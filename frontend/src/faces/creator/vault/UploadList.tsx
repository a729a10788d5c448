/** The uploads under way: progress in words and in a bar, pause, resume, and why one failed. */
import { useTranslation } from 'react-i18next'
import { refusalText } from '../../../core/words'
import type { Refusal } from '../../../core/rest'
import { useLanguage } from '../../../i18n'
import { Badge, type Tone } from '../../../ui/Badge'
import { IconButton } from '../../../ui/Button'
import type { Upload, Uploads, UploadStatus } from './uploads'
import styles from './Vault.module.css'

const TONE: Record<UploadStatus, Tone> = {
  waiting: 'plain',
  sending: 'signal',
  paused: 'hold',
  checking: 'signal',
  ready: 'ok',
  failed: 'stop',
}

export function UploadList({ uploads }: { uploads: Uploads }) {
  const { t } = useTranslation('creator')
  if (uploads.items.length === 0) return null
  return (
    <ul className={styles.uploads} aria-label={t('upload.list')}>
      {uploads.items.map((item) => (
        <li key={item.clientId}>
          <UploadRow item={item} uploads={uploads} />
        </li>
      ))}
    </ul>
  )
}

function UploadRow({ item, uploads }: { item: Upload; uploads: Uploads }) {
  const { t } = useTranslation('creator')
  const words = useUploadError()
  const { clientId, file, status, sentBytes } = item
  const percent = Math.round((100 * sentBytes) / Math.max(1, file.size))
  const going = status === 'sending' || status === 'waiting'
  const over = status === 'ready' || status === 'failed'
  return (
    <div className={styles.upload}>
      <div className={styles.about}>
        <p className={styles.file}>{file.name}</p>
        {!over && (
          <progress value={sentBytes} max={file.size} aria-label={file.name}>
            {percent}
          </progress>
        )}
        <Badge
          tone={TONE[status]}
          icon={status === 'paused' ? 'pause' : over ? undefined : 'upload'}
        >
          {status === 'sending' ? t('upload.sending', { percent }) : t(`upload.${status}`)}
        </Badge>
        <div role="alert">
          {status === 'failed' && item.refusal && <p>{words(item.refusal)}</p>}
        </div>
      </div>
      {going && (
        <IconButton
          icon="pause"
          label={t('upload.pause')}
          onClick={() => uploads.pause(clientId)}
        />
      )}
      {status === 'paused' && (
        <IconButton
          icon="play"
          label={t('upload.resume')}
          onClick={() => uploads.resume(clientId)}
        />
      )}
      {(over || status === 'paused') && (
        <IconButton icon="close" label={t('upload.drop')} onClick={() => uploads.drop(clientId)} />
      )}
    </div>
  )
}

/** Why a file was refused, with what is accepted. */
function useUploadError(): (refusal: Refusal) => string {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  return (refusal) => {
    const { accepted, max_bytes: bytes, max_pixels: pixels } = refusal
    if (refusal.code === 'file_type' && Array.isArray(accepted)) {
      return t('upload.file_type', { formats: accepted.join(', ') })
    }
    if (refusal.code === 'file_too_big' && typeof bytes === 'number') {
      const megapixels = typeof pixels === 'number' ? Math.round(pixels / 1_000_000) : 0
      return t('upload.file_too_big', { megabytes: Math.round(bytes / 1_048_576), megapixels })
    }
    return refusalText(t as never, refusal, language)
  }
}
