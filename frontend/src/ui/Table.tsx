/** A table that names itself, sorts by its headings, and says when it is empty. */
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from './classes'
import { Icon } from './Icon'
import styles from './Table.module.css'

export interface Column<R> {
  id: string
  heading: string
  cell: (row: R) => ReactNode
  /** Amounts and counts stand to the right. */
  numeric?: boolean
  sortable?: boolean
}

export interface Sort {
  column: string
  descending: boolean
}

export interface TableProps<R> {
  caption: string
  columns: readonly Column<R>[]
  rows: readonly R[]
  rowKey: (row: R) => string
  /** The column that names a row, for those who hear it. The first when not said. */
  rowHeading?: string
  sort?: Sort
  onSort?: (sort: Sort) => void
  selected?: string | null
  empty?: ReactNode
}

export function Table<R>(props: TableProps<R>) {
  const { caption, columns, rows, rowKey, selected, empty } = props
  const { t } = useTranslation()
  const heading = props.rowHeading ?? columns[0]?.id
  if (rows.length === 0) return <p className={styles.empty}>{empty ?? t('table.empty')}</p>
  return (
    <div className={styles.scroll} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-selected={rowKey(row) === selected || undefined}>
              {columns.map((column) => {
                const Cell = column.id === heading ? 'th' : 'td'
                return (
                  <Cell
                    key={column.id}
                    scope={Cell === 'th' ? 'row' : undefined}
                    className={classes(column.numeric && styles.numeric)}
                  >
                    {column.cell(row)}
                  </Cell>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface HeadingProps<R> {
  column: Column<R>
  sort: Sort | undefined
  onSort: ((sort: Sort) => void) | undefined
}

function Heading<R>({ column, sort, onSort }: HeadingProps<R>) {
  const { t } = useTranslation()
  const own = sort?.column === column.id
  const order = own ? (sort.descending ? 'descending' : 'ascending') : undefined
  const className = classes(column.numeric && styles.numeric)
  if (!column.sortable || !onSort) {
    return (
      <th scope="col" className={className}>
        {column.heading}
      </th>
    )
  }
  return (
    <th scope="col" className={className} aria-sort={order}>
      <button
        type="button"
        className={styles.sort}
        title={t('table.sort', { column: column.heading })}
        onClick={() => onSort({ column: column.id, descending: own && !sort.descending })}
      >
        {column.heading}
        {own && <Icon name={sort.descending ? 'arrow_down' : 'arrow_up'} size={16} />}
      </button>
    </th>
  )
}
