/** News that has no place of its own; it stays until closed when it asks for an act. */
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { voice } from '../core/announcer'
import { Button, IconButton } from './Button'
import { Icon, type IconName } from './Icon'
import styles from './Toast.module.css'

const SHOWN_MS = 7_000

export interface Notice {
  text: string
  icon?: IconName
  action?: { label: string; run: () => void }
}

interface Shown extends Notice {
  id: number
}

export class Toaster {
  shown: readonly Shown[] = []
  private next = 0
  private readonly listeners = new Set<() => void>()

  /** Show it. Returns how to take it away before its time. */
  show(notice: Notice): () => void {
    const id = this.next++
    voice.polite(notice.text)
    this.set([...this.shown, { ...notice, id }])
    if (!notice.action) setTimeout(() => this.close(id), SHOWN_MS)
    return () => this.close(id)
  }

  close(id: number): void {
    this.set(this.shown.filter((notice) => notice.id !== id))
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private set(shown: readonly Shown[]): void {
    this.shown = shown
    for (const listener of this.listeners) listener()
  }
}

export const toaster = new Toaster()

/** Where toasts appear; mounted once, by the shell. */
export function Toasts({ source = toaster }: { source?: Toaster }) {
  const { t } = useTranslation()
  const shown = useSyncExternalStore(source.subscribe, () => source.shown)
  return (
    // The announcer speaks; the role only makes it a region for who walks the page.
    <div className={styles.place} role="log" aria-live="off">
      {shown.map((notice) => (
        <div key={notice.id} className={styles.toast}>
          <Icon name={notice.icon ?? 'info'} />
          <p>{notice.text}</p>
          {notice.action && (
            <Button
              kind="quiet"
              onClick={() => {
                notice.action?.run()
                source.close(notice.id)
              }}
            >
              {notice.action.label}
            </Button>
          )}
          <IconButton icon="close" label={t('app.close')} onClick={() => source.close(notice.id)} />
        </div>
      ))}
    </div>
  )
}
