/** A message: who wrote (seal first), text, media, money, state. Its label is read in that order. */
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { clockTime } from '../core/time'
import { useLanguage } from '../i18n'
import { Icon } from '../ui/Icon'
import { Seal } from '../ui/Seal'
import { classes } from '../ui/classes'
import type { Bubble, BubbleEntry } from './entries'
import type { RowProps } from './RowView'
import { StateLine } from './StateLine'
import { RowActive } from './rowActive'
import styles from './Bubble.module.css'

/** States whose text is gone for the reader: a tombstone stands there. */
const GONE = ['unsent', 'withheld']

export function BubbleView(props: RowProps & { entry: BubbleEntry }) {
  const { entry, active, onActive, quoted, slots, lastOwn, otherReadSeq } = props
  const { t } = useTranslation('timeline')
  const id = useId()
  const { bubble } = entry
  const gone = GONE.includes(bubble.state) && bubble.body === ''
  const acts = slots?.onActions && (slots.hasActions?.(bubble) ?? true)
  const media = gone ? null : slots?.media?.(bubble)
  return (
    <RowActive value={active}>
      <article
        data-row=""
        data-state={bubble.state}
        tabIndex={active ? 0 : -1}
        className={classes(styles.row, bubble.author.own && styles.own)}
        aria-labelledby={`${id}-head ${id}-body`}
        aria-describedby={`${id}-foot`}
        onFocus={() => onActive(entry.key)}
      >
        <Head id={`${id}-head`} entry={entry} />
        <div className={styles.line}>
          <div className={classes(styles.bubble, media != null && styles.wide)}>
            {bubble.replyTo && <Quote bubble={quoted} />}
            <div id={`${id}-body`} className={styles.body} dir="auto">
              {gone ? null : bubble.body}
              {gone && <Tombstone state={bubble.state} />}
            </div>
            {media}
          </div>
          {acts && (
            <button
              type="button"
              data-acts=""
              className={styles.acts}
              tabIndex={active ? 0 : -1}
              aria-label={t('act.open')}
              title={t('act.open')}
              onClick={() => slots.onActions?.(bubble)}
            >
              <Icon name="more" />
            </button>
          )}
        </div>
        <div id={`${id}-foot`} className={styles.foot}>
          {slots?.money?.(bubble)}
          <StateLine bubble={bubble} shown={lastOwn} read={isRead(bubble, otherReadSeq)} />
          {slots?.unsent?.(bubble)}
        </div>
      </article>
    </RowActive>
  )
}

function isRead(bubble: Bubble, otherReadSeq: number): boolean {
  return bubble.seq !== undefined && bubble.seq <= otherReadSeq
}

/** Author, seal and time; repeated rows keep it for those who hear the list. */
function Head({ id, entry }: { id: string; entry: BubbleEntry }) {
  const { bubble, head } = entry
  const { t } = useTranslation('timeline')
  const time = clockTime(bubble.at, useLanguage())
  const name = bubble.author.own ? t('you') : bubble.author.name
  return (
    <div id={id} className={head ? styles.head : 'visually-hidden'}>
      <span className={bubble.author.own ? 'visually-hidden' : styles.name}>{name}</span>
      {bubble.seal && <Seal kind={bubble.seal} />}
      <time dateTime={bubble.at}>{time}</time>
    </div>
  )
}

function Quote({ bubble }: { bubble: Bubble | undefined }) {
  const { t } = useTranslation('timeline')
  if (!bubble) return <p className={styles.quote}>{t('quote.not_loaded')}</p>
  return (
    <blockquote className={styles.quote}>
      <span className={styles.quoted}>{bubble.author.own ? t('you') : bubble.author.name}</span>{' '}
      {bubble.body || t('quote.gone')}
    </blockquote>
  )
}

function Tombstone({ state }: { state: Bubble['state'] }) {
  const { t } = useTranslation()
  return (
    <em className={styles.gone}>{state === 'unsent' ? t('state.unsent') : t('state.withdrawn')}</em>
  )
}
