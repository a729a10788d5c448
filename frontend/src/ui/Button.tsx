/** A press. Busy keeps its width and its focus, and takes no second press. */
import type { ComponentProps, ReactNode } from 'react'
import { classes } from './classes'
import { Icon, type IconName } from './Icon'
import styles from './Button.module.css'

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  kind?: 'main' | 'plain' | 'quiet' | 'danger'
  icon?: IconName
  /** The act is under way: the press was heard, another one does nothing. */
  busy?: boolean
  /** Cannot be pressed now; stays reachable, so that `aria-describedby` can say why. */
  disabled?: boolean
  children: ReactNode
}

export function Button({
  kind = 'plain',
  icon,
  busy = false,
  disabled = false,
  children,
  className,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) /* prettier-ignore */ {
  const off = busy || disabled
  return (
    <button
      {...rest}
      type={off && type === 'submit' ? 'button' : type}
      className={classes(styles.button, styles[kind], busy && styles.busy, className)}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
    >
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  )
}

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'aria-label' | 'children'> {
  icon: IconName
  /** What the press does, in words. */
  label: string
}

/** An icon alone; its words are its name and its tip. */
export function IconButton({ icon, label, className, type = 'button', ...rest }: IconButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={classes(styles.button, styles.quiet, styles.square, className)}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </button>
  )
}
