/**
 * Where a message is written. It knows no role: the words on its button, the strip under it and
 * what takes the button's place (`instead`, for missing money) are given by the face.
 */
import { useLayoutEffect, useRef, type KeyboardEvent, type ReactNode, type SyntheticEvent } from 'react' // prettier-ignore
import { useTranslation } from 'react-i18next'
import { useSwitch } from '../core/preferences'
import { Button, IconButton } from '../ui/Button'
import { Icon } from '../ui/Icon'
import type { Bubble } from './entries'
import styles from './Composer.module.css'

export type ComposerMode =
  { kind: 'write'; replyTo?: Bubble } | { kind: 'edit'; bubble: Bubble; busy?: boolean }

export interface ComposerProps {
  value: string
  onChange: (text: string) => void
  /** Called with the trimmed text, never with an empty one. */
  onSend: (text: string) => void
  /** Whether an empty text may be sent: when something is attached. */
  maySendEmpty?: boolean
  mode?: ComposerMode
  onLeaveMode?: () => void
  /** The words on the button; with a price when the press costs. */
  sendLabel: string
  busy?: boolean
  maxCharacters?: number
  /** Above the field: what is attached, saved replies. */
  above?: ReactNode
  /** Beside the field: attach. */
  tools?: ReactNode
  /** Under the field, always: price, deadline, balance. */
  strip?: ReactNode
  /** Takes the button's place: "Top up, €1.40 missing". The text stays. */
  instead?: ReactNode
  /** Nothing can be written here, and why. */
  closed?: ReactNode
}

const FIELD_ID = 'composer'

/** Put the caret where messages are written: one composer stands on a page. */
export function focusComposer(): void {
  document.getElementById(FIELD_ID)?.focus()
}

export function Composer(props: ComposerProps) {
  const { value, onChange, onSend, mode = { kind: 'write' }, busy = false, closed } = props
  const { t } = useTranslation('timeline')
  const field = useRef<HTMLTextAreaElement>(null)
  const enterSends = useSwitch('enter_sends')
  useLayoutEffect(() => {
    const area = field.current // as high as its text; CSS bounds it
    if (!area) return
    area.style.height = 'auto'
    area.style.height = `${area.scrollHeight + 2}px`
  }, [value])
  if (closed) {
    return (
      <div className={styles.composer} role="status">
        <div className={styles.closed}>
          <Icon name="block" />
          <div>{closed}</div>
        </div>
      </div>
    )
  }
  const text = value.trim()
  const over = props.maxCharacters === undefined ? 0 : value.length - props.maxCharacters
  const ready = (text !== '' || props.maySendEmpty === true) && over <= 0
  const send = (event: SyntheticEvent) => {
    event.preventDefault()
    if (ready && !busy && !props.instead) onSend(text)
    field.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape' && mode.kind === 'edit') return props.onLeaveMode?.()
    const plain = !event.shiftKey && !event.nativeEvent.isComposing
    if (event.key === 'Enter' && plain && enterSends) send(event)
  }
  return (
    <form className={styles.composer} onSubmit={send} aria-label={t('composer.label')}>
      <Mode mode={mode} onLeave={props.onLeaveMode} />
      {props.above}
      <div className={styles.writing}>
        {props.tools}
        <textarea
          ref={field}
          id={FIELD_ID}
          rows={1}
          dir="auto"
          className={styles.field}
          aria-label={t('composer.field')}
          placeholder={t('composer.placeholder')}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {props.instead ?? (
          <Button kind="main" type="submit" icon="send" busy={busy} disabled={!ready}>
            {mode.kind === 'edit' ? t('composer.save') : props.sendLabel}
          </Button>
        )}
      </div>
      <div role="status">
        {over > 0 && <p className={styles.over}>{t('composer.too_long', { count: over })}</p>}
      </div>
      {mode.kind === 'write' && props.strip}
    </form>
  )
}

function Mode({ mode, onLeave }: { mode: ComposerMode; onLeave: (() => void) | undefined }) {
  const { t } = useTranslation(['timeline', 'common'])
  const bubble = mode.kind === 'edit' ? mode.bubble : mode.replyTo
  if (!bubble) return null
  const name = bubble.author.own ? t('you') : bubble.author.name
  return (
    <div className={styles.mode}>
      <Icon name={mode.kind === 'edit' ? 'edit' : 'arrow_left'} size={16} />
      <p className={styles.about}>
        <strong>
          {mode.kind === 'edit' ? t('composer.editing') : t('composer.replying', { name })}
        </strong>{' '}
        {mode.kind === 'write' && bubble.body}
      </p>
      <IconButton icon="close" label={t('common:app.cancel')} onClick={onLeave} />
    </div>
  )
}
