/** What this fan pays here and why; a price of their own, or the free list. */
import { useTranslation } from 'react-i18next'
import { Checkbox } from '../../../ui/Field'
import { Skeleton } from '../../../ui/Skeleton'
import { Stub } from '../../../ui/Stub'
import { FanPriceForm } from '../prices/FanPriceForm'
import { useChangePrices } from '../prices/useChangePrices'
import { WhySteps } from '../prices/WhySteps'
import { usePrices, type Head } from '../studio'
import styles from './Conversation.module.css'

export function FanCard({ head }: { head: Head }) {
  const { t } = useTranslation(['creator', 'common'])
  const fanId = head.fan_id
  const prices = usePrices().data
  const change = useChangePrices()
  if (!prices) return <Skeleton rows={3} height={44} />
  const cents = head.card.price_cents
  const own = prices.fans.find((fan) => fan.fan_id === fanId)
  const free = prices.free_list.some((fan) => fan.fan_id === fanId)
  return (
    <div className={styles.fan}>
      <Stub state="before" cents={cents > 0 ? cents : undefined}>
        {t(cents > 0 ? 'fan.per_message' : 'fan.writes_free')}
      </Stub>
      <section className={styles.part}>
        <h3>{t('why.title')}</h3>
        <WhySteps fanId={fanId} />
      </section>
      <section className={styles.part}>
        <h3>{t('fan.change')}</h3>
        <Checkbox
          label={t('fan.free_list')}
          hint={t('fan.free_list_hint')}
          checked={free}
          onChange={() => void change.freeList(fanId, !free)}
        />
        <FanPriceForm fanId={fanId} cents={own?.price_cents} prices={prices} />
        <div role="alert">{change.error && <p className={styles.error}>{change.error}</p>}</div>
      </section>
    </div>
  )
}
