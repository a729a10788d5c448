/** Every movement of the wallet, newest first, with the balance it left and its receipt. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { money } from '../../../core/money'
import { ask, rest } from '../../../core/rest'
import { fullMoment, longDay } from '../../../core/time'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Skeleton } from '../../../ui/Skeleton'
import { Table, type Column } from '../../../ui/Table'
import { Failed } from '../Failed'
import { ReceiptDialog } from './ReceiptDialog'
import styles from '../fan.module.css'

type Line = components['schemas']['WalletLineOut']
const KINDS = ['topup', 'topup_refund', 'hold', 'settle', 'void', 'sale', 'refund'] as const

export function Lines() {
  const { t } = useTranslation('fan')
  const [receipt, setReceipt] = useState<number | null>(null)
  const columns = useColumns(setReceipt)
  const lines = useInfiniteQuery({
    queryKey: ['wallet-lines'],
    queryFn: ({ pageParam }) =>
      ask(rest.GET('/api/wallet/lines', { params: { query: { before: pageParam ?? undefined } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
  return (
    <section className={styles.section}>
      <h2>{t('lines.title')}</h2>
      {lines.isPending && <Skeleton rows={4} height={40} />}
      {lines.isError && <Failed error={lines.error} onRetry={() => void lines.refetch()} />}
      {lines.data && (
        <Table
          caption={t('lines.title')}
          columns={columns}
          rows={lines.data.pages.flatMap((page) => page.items)}
          rowKey={(line) => line.id}
          rowHeading="kind"
          empty={t('lines.empty')}
        />
      )}
      {lines.hasNextPage && (
        <Button busy={lines.isFetchingNextPage} onClick={() => void lines.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
      {receipt !== null && <ReceiptDialog id={receipt} onClose={() => setReceipt(null)} />}
    </section>
  )
}

function useColumns(onReceipt: (id: number) => void): Column<Line>[] {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  const kind = (line: Line) => {
    if (line.archived_until !== null) {
      return (
        <>
          {t('lines.archived', { date: longDay(line.archived_until.slice(0, 10), language) })}
          <span className={styles.under}>{t('lines.archived_where')}</span>
        </>
      )
    }
    const known = KINDS.find((one) => one === line.kind) ?? 'other'
    const words = t(`lines.kind.${known}`)
    return (
      <>
        {line.what ? `${words} · ${line.what}` : words}
        <time className={styles.under} dateTime={line.at}>
          {fullMoment(line.at, language)}
        </time>
      </>
    )
  }
  const amount = (line: Line) =>
    line.out_cents > line.in_cents
      ? money(line.in_cents - line.out_cents, language)
      : `+${money(line.in_cents - line.out_cents, language)}`
  return [
    { id: 'kind', heading: t('lines.what'), cell: kind },
    { id: 'amount', heading: t('lines.amount'), numeric: true, cell: amount },
    {
      id: 'balance', heading: t('lines.balance'), numeric: true,
      cell: (line) => money(line.balance_cents, language),
    },
    {
      id: 'receipt', heading: t('lines.receipt'),
      cell: ({ receipt_id: id }) =>
        id === null ? null : (
          <button
            type="button"
            className={styles.link}
            aria-label={t('lines.see_receipt', { number: id })}
            onClick={() => onReceipt(id)}
          >
            {t('lines.see')}
          </button>
        ),
    },
  ] // prettier-ignore
}
