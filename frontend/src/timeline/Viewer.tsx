/** One bought picture over the whole screen: arrows, Esc; hidden while the tab is; nothing to download. */
import { Dialog } from '@base-ui/react/dialog'
import { useEffect, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../ui/Button'
import styles from './Media.module.css'

export interface ViewerProps {
  links: readonly { item: number; url: string; width: number; height: number }[]
  start: number
  onClose: () => void
}

export default function Viewer({ links, start, onClose }: ViewerProps) {
  const { t } = useTranslation(['timeline', 'common'])
  const [index, setIndex] = useState(start)
  const hidden = useHidden()
  const link = links[index]
  const move = (step: number) =>
    setIndex((now) => Math.min(links.length - 1, Math.max(0, now + step)))
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') move(-1)
    if (event.key === 'ArrowRight') move(1)
  }
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Popup className={styles.viewer} onKeyDown={onKey}>
          <header className={styles.bar}>
            <Dialog.Title className={styles.count}>
              {t('media.view', { number: index + 1, count: links.length })}
            </Dialog.Title>
            <IconButton icon="close" label={t('common:app.close')} onClick={onClose} />
          </header>
          {link && !hidden && (
            <img
              src={link.url}
              width={link.width}
              height={link.height}
              alt={t('media.view', { number: index + 1, count: links.length })}
              draggable={false}
              onContextMenu={(event) => event.preventDefault()}
            />
          )}
          {links.length > 1 && (
            <footer className={styles.bar}>
              <IconButton icon="arrow_left" label={t('media.previous')} onClick={() => move(-1)} />
              <IconButton icon="arrow_right" label={t('media.next')} onClick={() => move(1)} />
            </footer>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function useHidden(): boolean {
  const [hidden, setHidden] = useState(document.visibilityState === 'hidden')
  useEffect(() => {
    const look = () => setHidden(document.visibilityState === 'hidden')
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return hidden
}
