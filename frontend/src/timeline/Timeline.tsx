/**
 * The list of one conversation (T1 to T10). It knows no role: who wrote is said by `authorOf`, and
 * everything about money, media and acts comes in through `slots`, so that a face which must not
 * know an amount never loads the code of one. Feed it with `useTimeline` (live) or with any rows.
 */
import { useMemo, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer } from 'virtua'
import { useSwitch } from '../core/preferences'
import type { Row } from '../core/rows'
import { Button } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { Skeleton } from '../ui/Skeleton'
import { entriesOf, type Author, type Bubble, type Entry } from './entries'
import { RowView } from './RowView'
import styles from './Timeline.module.css'
import { useScroller } from './useScroller'

const OVERSCAN_PX = 1_200
export const PLAIN_MAX = 200

/** What a face adds to a bubble. Everything is optional; absent means not shown. */
export interface Slots {
  /** The money of a message: `MessageStub`. Never given by a face that is blind to amounts. */
  money?: (bubble: Bubble) => ReactNode
  /** What is attached for sale: `LockedMedia`. */
  media?: (bubble: Bubble) => ReactNode
  /** What to do about a message that waits or failed on this device: `OutboxNotice`. */
  unsent?: (bubble: Bubble) => ReactNode
  /** Opens what can be done with a message; a bubble without acts has no button. */
  onActions?: (bubble: Bubble) => void
  hasActions?: (bubble: Bubble) => boolean
}

export interface TimelineProps {
  rows: readonly Row[]
  authorOf: (senderId: string) => Author
  self: Author
  slots?: Slots
  loading?: boolean
  unreadAfter?: number | null
  otherReadSeq?: number
  hasOlder?: boolean
  atNewest?: boolean
  newer?: number
  onOlder?: () => void
  onNewest?: () => Promise<unknown>
  onRead?: (seq: number) => void
  /** Esc in the list: back to the composer. */
  onLeave?: () => void
  /** One sentence and one act, when nothing was written yet. */
  empty?: ReactNode
}

export function Timeline(props: TimelineProps) {
  const { rows, authorOf, self, unreadAfter = null, hasOlder = false } = props
  const { t } = useTranslation('timeline')
  const plain = useSwitch('plain_list')
  const all = useMemo(
    () => entriesOf(rows, { authorOf, self, unreadAfter }),
    [rows, authorOf, self, unreadAfter],
  )
  const [more, setMore] = useState(0)
  const entries = useMemo(() => (plain ? all.slice(-(PLAIN_MAX + more)) : all), [all, plain, more])
  const [element, list, scroll] = useScroller({ ...props, entries, plain })
  const [active, setActive] = useState<string | null>(null)
  const activeKey = entries.some(({ key }) => key === active) ? active : entries.at(-1)?.key
  if (props.loading) return <Skeleton rows={4} height={72} />
  const earlier = () => {
    if (all.length > entries.length) setMore(more + PLAIN_MAX)
    else props.onOlder?.()
  }
  const row = (entry: Entry) => (
    <RowView
      key={entry.key}
      entry={entry}
      active={entry.key === activeKey}
      onActive={setActive}
      otherReadSeq={props.otherReadSeq ?? 0}
      lastOwn={entry.key === lastOwnKey(entries)}
      quoted={quotedIn(all, entry)}
      slots={props.slots}
    />
  )
  return (
    <div className={styles.frame}>
      <div
        ref={element}
        role="log"
        aria-live="off"
        aria-label={t('list.label')}
        className={styles.scroller}
        tabIndex={entries.length === 0 ? 0 : undefined} // no row to stop at, yet it may scroll
        onScroll={scroll.onScroll}
        onKeyDown={(event) => moveFocus(event, props.onLeave)}
      >
        <div className={styles.spacer}>
          {(plain ? hasOlder || all.length > entries.length : false) && (
            <Button onClick={earlier}>{t('list.earlier')}</Button>
          )}
          {entries.length === 0 && <div className={styles.empty}>{props.empty}</div>}
        </div>
        {plain ? (
          entries.map(row)
        ) : (
          <Virtualizer
            ref={list}
            scrollRef={element}
            data={entries}
            bufferSize={OVERSCAN_PX}
            shift={scroll.prepended}
            onResize={scroll.onResize}
          >
            {row}
          </Virtualizer>
        )}
      </div>
      {scroll.away && (
        <button type="button" className={styles.jump} onClick={() => void scroll.jump()}>
          <Icon name="arrow_down" />
          <span className={scroll.missed > 0 ? undefined : styles.jumpWord}>
            {scroll.missed > 0 ? t('list.jump_new', { count: scroll.missed }) : t('list.jump')}
          </span>
        </button>
      )}
    </div>
  )
}

function lastOwnKey(entries: readonly Entry[]): string | undefined {
  return entries.findLast((entry) => entry.kind === 'bubble' && entry.bubble.author.own)?.key
}

/** The bubble a message answers, when it is loaded. */
function quotedIn(entries: readonly Entry[], entry: Entry): Bubble | undefined {
  if (entry.kind !== 'bubble' || !entry.bubble.replyTo) return undefined
  const { replyTo } = entry.bubble
  const found = entries.find((one) => one.kind === 'bubble' && one.bubble.messageId === replyTo)
  return found?.kind === 'bubble' ? found.bubble : undefined
}

/** Arrows, Home and End move between rows; Enter opens the acts of one; Esc leaves (A3). */
function moveFocus(event: KeyboardEvent<HTMLElement>, onLeave: (() => void) | undefined): void {
  const row = document.activeElement
  if (!(row instanceof HTMLElement)) return
  if (event.key === 'Escape') return onLeave?.()
  if (row.dataset.row === undefined) return
  if (event.key === 'Enter') {
    event.preventDefault()
    row.querySelector<HTMLElement>('[data-acts]')?.click()
    return
  }
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row]')]
  const here = all.indexOf(row)
  const target = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: all.length - 1 }[event.key]
  if (target === undefined) return
  event.preventDefault()
  all[target]?.focus()
}
