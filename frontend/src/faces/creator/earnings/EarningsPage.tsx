/** What was earned, when it is free, and the receipt behind every cent. */
import { useTranslation } from 'react-i18next'
import { fullMoment } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import { Badge } from '../../../ui/Badge'
import { Button } from '../../../ui/Button'
import { Failed } from '../../../ui/Failed'
import { Money } from '../../../ui/Money'
import { Skeleton } from '../../../ui/Skeleton'
import { Table, type Column } from '../../../ui/Table'
import { useEarnings, type EarningsLine } from '../studio'
import page from '../creator.module.css'

export function EarningsPage() {
  const { t } = useTranslation('creator')
  const earnings = useEarnings()
  const first = earnings.data?.pages[0]
  const lines = earnings.data?.pages.flatMap((one) => one.lines.items) ?? []
  const columns = useColumns()
  return (
    <div className={page.page}>
      <h1 tabIndex={-1}>{t('earnings.title')}</h1>
      {earnings.isPending && <Skeleton rows={4} height={96} />}
      {earnings.isError && (
        <Failed error={earnings.error} onRetry={() => void earnings.refetch()} />
      )}
      {first && (
        <>
          <dl className={page.figures}>
            <Figure label={t('earnings.today')} cents={first.today_cents} />
            <Figure label={t('earnings.month')} cents={first.last_30_days_cents} />
            <Figure label={t('earnings.pending')} cents={first.pending_cents} />
            <Figure label={t('earnings.available')} cents={first.available_cents} />
          </dl>
          <p className={page.quiet}>{t('earnings.rule', { count: first.pending_days })}</p>
          <h2>{t('earnings.receipts')}</h2>
          <Table
            caption={t('earnings.receipts')}
            columns={columns}
            rows={lines}
            rowKey={(line) => String(line.receipt_id)}
            empty={t('earnings.empty')}
          />
        </>
      )}
      {earnings.hasNextPage && (
        <Button busy={earnings.isFetchingNextPage} onClick={() => void earnings.fetchNextPage()}>
          {t('earnings.more')}
        </Button>
      )}
    </div>
  )
}

function Figure({ label, cents }: { label: string; cents: number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Money cents={cents} />
      </dd>
    </div>
  )
}

/** A credit note takes its parts away again: its amounts carry a minus sign. */
function useColumns(): Column<EarningsLine>[] {
  const { t } = useTranslation('creator')
  const language = useLanguage()
  const signed = (line: EarningsLine, cents: number) => (
    <Money cents={line.kind === 'credit_note' ? -cents : cents} />
  )
  return [
    { id: 'at', heading: t('earnings.at'), cell: (line) => fullMoment(line.at, language) },
    {
      id: 'what',
      heading: t('earnings.what'),
      cell: (line) => (
        <>
          {t(line.subject_kind === 'unlock' ? 'earnings.unlock' : 'earnings.message')}
          {' · '}
          {line.fan_name}
          {line.kind === 'credit_note' && <> · {t('earnings.credit_note')}</>}
        </>
      ),
    },
    {
      id: 'gross',
      heading: t('earnings.gross'),
      numeric: true,
      cell: (line) => signed(line, line.gross_cents),
    },
    {
      id: 'vat',
      heading: t('earnings.vat'),
      numeric: true,
      cell: (line) => signed(line, line.vat_cents),
    },
    {
      id: 'own',
      heading: t('earnings.own'),
      numeric: true,
      cell: (line) => signed(line, line.creator_cents),
    },
    {
      id: 'release',
      heading: t('earnings.release'),
      cell: (line) =>
        line.released ? (
          <Badge tone="ok">{t('earnings.released')}</Badge>
        ) : (
          t('earnings.available_at', { date: fullMoment(line.available_at, language) })
        ),
    },
  ]
}
