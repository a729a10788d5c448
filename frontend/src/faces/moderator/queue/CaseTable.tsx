/**
 * The table of a queue: dense on a desktop, one card a case on a phone. Roles are written out,
 * since a table drawn as a grid is otherwise no table for those who hear it.
 */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { clockTime } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import { Badge } from '../../../ui/Badge'
import { Clock } from '../Clock'
import { caseHref, type CaseRow } from '../desk'
import { Severity } from '../Severity'
import { useCode, useRuleTitle } from '../words'
import styles from './Queue.module.css'

export interface CaseTableProps {
  rows: readonly CaseRow[]
  queue: string
  selected: string | undefined
  onSelect: (id: string) => void
}

const COLUMNS = ['severity', 'rule', 'clock', 'language', 'source', 'holder'] as const

export function CaseTable({ rows, queue, selected, onSelect }: CaseTableProps) {
  const { t } = useTranslation('moderator')
  return (
    <table className={styles.table} role="table">
      <caption className="visually-hidden">{t('queue.cases')}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {COLUMNS.map((name) => (
            <th key={name} role="columnheader" scope="col">
              {t(`column.${name}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <CaseLine
            key={row.id}
            row={row}
            href={caseHref(row.id, queue)}
            selected={row.id === selected}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  )
}

interface CaseLineProps {
  row: CaseRow
  href: string
  selected: boolean
  onSelect: (id: string) => void
}

function CaseLine({ row, href, selected, onSelect }: CaseLineProps) {
  const { t } = useTranslation('moderator')
  const title = useRuleTitle()
  const say = useCode()
  return (
    <tr role="row" data-selected={selected || undefined} data-severity={row.severity}>
      <td role="cell">
        <Severity value={row.severity} />
      </td>
      <th role="rowheader" scope="row">
        <Link
          id={`case-${row.id}`}
          href={href}
          className={styles.rule}
          onFocus={() => onSelect(row.id)}
        >
          {title(row.policy)}
        </Link>
        <span className={styles.facts}>
          {say('verdict', row.verdict)}
          {row.needs_second && <Badge tone="signal">{t('queue.second')}</Badge>}
        </span>
      </th>
      <td role="cell">
        <Clock openedAt={row.opened_at} dueAt={row.due_at} />
      </td>
      <td role="cell">{say('language', row.language)}</td>
      <td role="cell">{say('source', row.source)}</td>
      <td role="cell">
        <Holder holder={row.holder} />
      </td>
    </tr>
  )
}

function Holder({ holder }: { holder: CaseRow['holder'] }) {
  const { t } = useTranslation('moderator')
  const language = useLanguage()
  if (!holder) return <span className={styles.free}>{t('holder.free')}</span>
  const facts = { name: holder.name, time: clockTime(holder.until, language) }
  return <span>{holder.is_me ? t('holder.me', facts) : t('holder.other', facts)}</span>
}
