/** A labelled control with its hint and its error, tied together for every reader. */
import { useId, type ComponentProps, type ReactNode } from 'react'
import { classes } from './classes'
import { Icon } from './Icon'
import styles from './Field.module.css'

interface Wrapping {
  label: ReactNode
  hint?: ReactNode
  /** What is wrong with the value: said under the field and tied to it. */
  error?: ReactNode
}

interface Tied {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

/** The frame of any control: give `children` the ids it must carry. */
export function Labelled({
  label,
  hint,
  error,
  className,
  children,
}: Wrapping & {
  className?: string
  children: (tied: Tied) => ReactNode
}) /* prettier-ignore */ {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className={classes(styles.field, className)}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described || undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={styles.error}>
          <Icon name="alert" size={16} />
          {error}
        </p>
      )}
    </div>
  )
}

export type FieldProps = Wrapping & ComponentProps<'input'>
export function Field({ label, hint, error, className, ...input }: FieldProps) {
  return (
    <Labelled label={label} hint={hint} error={error} className={className}>
      {(tied) => <input {...input} {...tied} className={styles.control} />}
    </Labelled>
  )
}

export type TextAreaProps = Wrapping & ComponentProps<'textarea'>
export function TextArea({ label, hint, error, className, ...area }: TextAreaProps) {
  return (
    <Labelled label={label} hint={hint} error={error} className={className}>
      {(tied) => <textarea rows={3} {...area} {...tied} className={styles.control} />}
    </Labelled>
  )
}

export type SelectProps = Wrapping &
  Omit<ComponentProps<'select'>, 'children'> & {
    options: readonly { value: string; label: string }[]
  }
export function Select({ label, hint, error, className, options, ...select }: SelectProps) {
  return (
    <Labelled label={label} hint={hint} error={error} className={className}>
      {(tied) => (
        <select {...select} {...tied} className={styles.control}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  )
}

export interface CheckboxProps extends Omit<ComponentProps<'input'>, 'type'> {
  label: ReactNode
  hint?: ReactNode
}
export function Checkbox({ label, hint, className, ...input }: CheckboxProps) {
  const id = useId()
  return (
    <div className={classes(styles.check, className)}>
      <input
        {...input}
        id={id}
        type="checkbox"
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  )
}
