/** Things on top: a dialog in the middle, a sheet from the edge. Focus enters on the title (A4). */
import { Dialog as Base } from '@base-ui/react/dialog'
import { useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from './classes'
import { IconButton } from './Button'
import styles from './Dialog.module.css'

export interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
  /** The presses at the foot; the safe one first. */
  actions?: ReactNode
  className?: string
}

/** A question or a form that needs the whole attention. Esc and the cross close it. */
export function Dialog(props: DialogProps) {
  return <Layer {...props} shape={styles.dialog} />
}

/** The same, from the lower edge on a phone and the side on a desktop. */
export function Sheet(props: DialogProps) {
  return <Layer {...props} shape={styles.sheet} />
}

function Layer({
  open,
  onClose,
  title,
  children,
  actions,
  className,
  shape,
}: DialogProps & {
  shape: string | undefined
}) /* prettier-ignore */ {
  const { t } = useTranslation()
  const heading = useRef<HTMLHeadingElement>(null)
  return (
    <Base.Root open={open} onOpenChange={(opened) => !opened && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={classes(styles.layer, shape, className)} initialFocus={heading}>
          <header className={styles.head}>
            <Base.Title ref={heading} tabIndex={-1} className={styles.title}>
              {title}
            </Base.Title>
            <IconButton icon="close" label={t('app.close')} onClick={onClose} />
          </header>
          <div className={styles.body}>{children}</div>
          {actions && <footer className={styles.actions}>{actions}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
