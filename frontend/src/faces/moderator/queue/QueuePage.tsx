/** The queue: what waits for a human, gravest first. `j` `k` move, `o` opens, `g` + letter jumps. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { useShortcuts } from '../../../core/keys'
import { Button } from '../../../ui/Button'
import { Failed } from '../../../ui/Failed'
import { Skeleton } from '../../../ui/Skeleton'
import { caseHref, queueHref, useChosenQueue, useQueue, useStanding, type CaseRow } from '../desk'
import { CaseTable } from './CaseTable'
import { Duty } from './Duty'
import { Floods } from './Floods'
import { QueueRail } from './QueueRail'
import styles from './Queue.module.css'

/** The letter after `g` for each queue. */
const LETTERS: Record<string, string> = {
  all: 'a', mine: 'm', flood: 'd', child_safety: 'c', exploitation: 'e', hate_violence: 'h',
  fraud_contact: 'f', belief_civic: 'b', care: 's', media: 'i', notices: 'n',
} // prettier-ignore

export function QueuePage() {
  const { t } = useTranslation('moderator')
  const queue = useChosenQueue()
  const standing = useStanding().data
  const cases = useQueue(queue)
  const rows = cases.data?.pages.flatMap((page) => page.cases) ?? []
  const [selected, select] = useSelection(rows)
  useQueueKeys(rows, selected, select, queue)
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{t('queue.title')}</h1>
        <Duty standing={standing} />
      </header>
      <QueueRail counts={standing?.counts ?? {}} chosen={queue} />
      <section className={styles.list} aria-label={t('queue.cases')}>
        {standing?.rules_only && <p role="status">{t('queue.rulesOnly')}</p>}
        <Floods />
        {cases.isPending && <Skeleton rows={6} height={44} />}
        {cases.isError && <Failed error={cases.error} onRetry={() => void cases.refetch()} />}
        {cases.isSuccess && rows.length === 0 && <p className={styles.empty}>{t('queue.empty')}</p>}
        {rows.length > 0 && (
          <CaseTable rows={rows} queue={queue} selected={selected} onSelect={select} />
        )}
        {cases.hasNextPage && (
          <Button busy={cases.isFetchingNextPage} onClick={() => void cases.fetchNextPage()}>
            {t('queue.more')}
          </Button>
        )}
        <p className={styles.hint}>{t('queue.keys')}</p>
      </section>
    </div>
  )
}

/** The row that the keys act on: it stays on its case while others come and go. */
function useSelection(rows: readonly CaseRow[]): [string | undefined, (id: string) => void] {
  const [chosen, choose] = useState<string>()
  const known = rows.some(({ id }) => id === chosen)
  return [known ? chosen : rows[0]?.id, choose]
}

function useQueueKeys(
  rows: readonly CaseRow[],
  selected: string | undefined,
  select: (id: string) => void,
  queue: string,
): void {
  const [, navigate] = useLocation()
  const move = (by: number) => {
    const here = rows.findIndex(({ id }) => id === selected)
    const next = rows[Math.min(rows.length - 1, Math.max(0, here + by))]
    if (!next) return
    select(next.id)
    document.getElementById(`case-${next.id}`)?.focus()
  }
  useShortcuts([
    { id: 'desk.next', keys: 'j', run: () => move(1) },
    { id: 'desk.previous', keys: 'k', run: () => move(-1) },
    {
      id: 'desk.open',
      keys: 'o',
      run: () => {
        if (selected) navigate(caseHref(selected, queue))
      },
    },
    ...Object.entries(LETTERS).map(([name, letter]) => ({
      id: `queue.${name}`,
      keys: `g ${letter}`,
      run: () => navigate(queueHref(name)),
    })),
  ])
}
