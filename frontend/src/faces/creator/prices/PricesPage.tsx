/** Who pays what: the general terms, the rules in their order, and the fans with a rule of their own. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '../../../ui/Failed'
import { Select } from '../../../ui/Field'
import { Skeleton } from '../../../ui/Skeleton'
import { useCards, usePrices, type Prices } from '../studio'
import { FanPriceForm } from './FanPriceForm'
import { FanRules } from './FanRules'
import { TermsForm } from './TermsForm'
import { useReason } from './useReason'
import { WhySteps } from './WhySteps'
import page from '../creator.module.css'
import styles from './Prices.module.css'

export function PricesPage() {
  const { t } = useTranslation('creator')
  const prices = usePrices()
  return (
    <div className={page.page}>
      <h1 tabIndex={-1}>{t('prices.title')}</h1>
      {prices.isPending && <Skeleton rows={4} height={96} />}
      {prices.isError && <Failed error={prices.error} onRetry={() => void prices.refetch()} />}
      {prices.data && (
        <>
          <TermsForm prices={prices.data} />
          <Order prices={prices.data} />
          <OneFan prices={prices.data} />
          <FanRules prices={prices.data} />
        </>
      )}
    </div>
  )
}

function Order({ prices }: { prices: Prices }) {
  const { t } = useTranslation('creator')
  const reason = useReason()
  return (
    <section className={page.section}>
      <h2>{t('prices.order')}</h2>
      <p className={page.quiet}>{t('prices.first_wins')}</p>
      <ol className={styles.order}>
        {prices.resolution.map((code) => (
          <li key={code}>{reason(code)}</li>
        ))}
      </ol>
    </section>
  )
}

/** "Why this price?" for a fan who has written here, and a price for them. */
function OneFan({ prices }: { prices: Prices }) {
  const { t } = useTranslation('creator')
  const [fanId, setFanId] = useState('')
  const cards = useCards('all')
  const fans = cards.data?.pages.flatMap(({ items }) => items) ?? []
  const options = fans.map((card) => ({ value: card.other_id, label: card.other_name }))
  const own = prices.fans.find((fan) => fan.fan_id === fanId)
  return (
    <section className={page.section}>
      <h2>{t('why.title')}</h2>
      <Select
        label={t('prices.fan')}
        value={fanId}
        options={[{ value: '', label: t('prices.choose_fan') }, ...options]}
        onChange={(event) => setFanId(event.target.value)}
      />
      {fanId !== '' && (
        <>
          <WhySteps fanId={fanId} />
          <FanPriceForm key={fanId} fanId={fanId} cents={own?.price_cents} prices={prices} />
        </>
      )}
    </section>
  )
}
