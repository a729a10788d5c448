/** The conversation as it goes on, while this moderator reads along. Nothing here has a price. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Row } from '../../../core/rows'
import type { Author } from '../../../timeline/entries'
import { Timeline } from '../../../timeline/Timeline'
import { useTimeline } from '../../../timeline/useTimeline'
import type { Case, ContextLine } from '../desk'
import { useCode } from '../words'
import styles from './Case.module.css'

export function LiveView({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const say = useCode()
  const live = useTimeline(found.conversation_id)
  const { rows } = live
  const authorOf = useMemo(() => {
    const sides = sidesOf(rows, found.lines)
    const authors = {
      fan: { name: say('author', 'fan'), own: false, sealed: false },
      creator: { name: say('author', 'creator'), own: false, sealed: true },
      unknown: { name: t('window.somebody'), own: false, sealed: true },
    }
    return (senderId: string): Author => authors[sides.get(senderId) ?? 'unknown']
    // eslint-disable-next-line react-hooks/exhaustive-deps -- words change with `t` alone
  }, [rows, found.lines, t])
  return (
    <div className={styles.live}>
      <Timeline
        {...live}
        unreadAfter={null}
        onRead={undefined}
        authorOf={authorOf}
        self={{ name: '', own: true, sealed: false }}
        empty={t('window.empty')}
      />
    </div>
  )
}

/** Who is on which side: told by the window of the case, where it names a message of theirs. */
export function sidesOf(
  rows: readonly Row[],
  lines: readonly ContextLine[],
): Map<string, 'fan' | 'creator'> {
  const known = new Map(lines.map((line) => [line.message_id, line.author]))
  const sides = new Map<string, 'fan' | 'creator'>()
  const senders = new Set<string>()
  for (const row of rows) {
    if (row.kind !== 'message') continue
    senders.add(row.message.sender_id)
    const side = known.get(row.message.message_id)
    if (side === 'fan' || side === 'creator') sides.set(row.message.sender_id, side)
  }
  const [first] = sides.values()
  for (const sender of senders) {
    if (first && !sides.has(sender)) sides.set(sender, first === 'fan' ? 'creator' : 'fan')
  }
  return sides
}
