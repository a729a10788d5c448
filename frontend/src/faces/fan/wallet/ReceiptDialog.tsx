/** Where the money of one charge went: every part, and their sum. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ask, rest } from '../../../core/rest'
import { fullMoment } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import { Dialog } from '../../../ui/Dialog'
import { Money } from '../../../ui/Money'
import { Skeleton } from '../../../ui/Skeleton'
import { Failed } from '../Failed'
import styles from '../fan.module.css'

const PARTS = ['creator', 'vat', 'platform', 'bank', 'reserve'] as const

export function ReceiptDialog({ id, onClose }: { id: number; onClose: () => void }) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  const receipt = useQuery({
    queryKey: ['receipt', id],
    queryFn: () =>
      ask(rest.GET('/api/receipts/{receipt_id}', { params: { path: { receipt_id: id } } })),
  })
  const { data } = receipt
  return (
    <Dialog open onClose={onClose} title={t('receipt.title', { number: id })}>
      {receipt.isPending && <Skeleton rows={5} height={24} />}
      {receipt.isError && <Failed error={receipt.error} onRetry={() => void receipt.refetch()} />}
      {data && (
        <>
          <p>
            {t(data.subject_kind === 'message' ? 'receipt.message' : 'receipt.unlock', {
              name: data.creator_name,
            })}
          </p>
          <p className={styles.soft}>{fullMoment(data.at, language)}</p>
          <dl className={styles.parts}>
            {PARTS.map((part) => (
              <div key={part}>
                <dt>
                  {t(`receipt.${part}`, { name: data.creator_name, rate: data.vat_rate_percent })}
                </dt>
                <dd>
                  <Money cents={data[`${part}_cents`]} />
                </dd>
              </div>
            ))}
            <div className={styles.total}>
              <dt>{t('receipt.total')}</dt>
              <dd>
                <Money cents={data.gross_cents} />
              </dd>
            </div>
          </dl>
        </>
      )}
    </Dialog>
  )
}
