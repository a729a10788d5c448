/** One row of a timeline: what stands above it, then a bubble or a system line. */
import { memo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { clockTime, dayHeading } from '../core/time'
import { useLanguage } from '../i18n'
import { BubbleView } from './BubbleView'
import type { Bubble, Entry } from './entries'
import { entryTime } from './entries'
import { SystemBand } from './SystemBand'
import type { Slots } from './Timeline'
import styles from './Timeline.module.css'

export interface RowProps {
  entry: Entry
  /** The one row of the list that Tab reaches; its buttons follow it. */
  active: boolean
  onActive: (key: string) => void
  otherReadSeq: number
  lastOwn: boolean
  quoted: Bubble | undefined
  slots: Slots | undefined
}

export const RowView = memo(function RowView(props: RowProps) {
  const { entry, active, onActive } = props
  const row = useRef<HTMLDivElement>(null)
  const seq = entry.kind === 'bubble' ? entry.bubble.seq : undefined
  return (
    <div className={styles.row} data-key={entry.key} data-seq={seq}>
      {entry.day && <DayHeading at={entry.day} />}
      {entry.unread && <UnreadMarker at={entryTime(entry)} />}
      {entry.kind === 'line' ? (
        <div
          ref={row}
          role="note"
          data-row=""
          tabIndex={active ? 0 : -1}
          className={styles.focusable}
          onFocus={() => onActive(entry.key)}
        >
          <SystemBand line={entry.line} />
        </div>
      ) : (
        <BubbleView {...props} entry={entry} />
      )}
    </div>
  )
})

function DayHeading({ at }: { at: string }) {
  const { t } = useTranslation()
  const language = useLanguage()
  const day = dayHeading(at, language)
  return <h2 className={styles.day}>{day.kind === 'date' ? day.text : t(`time.${day.kind}`)}</h2>
}

function UnreadMarker({ at }: { at: string }) {
  const { t } = useTranslation('timeline')
  const time = clockTime(at, useLanguage())
  return (
    <p className={styles.unread} data-unread="">
      {t('list.unread', { time })}
    </p>
  )
}
