/** The fans who have a rule of their own: a price, or a place on the free list. */
import { useTranslation } from 'react-i18next'
import { Button } from '../../../ui/Button'
import { Money } from '../../../ui/Money'
import { Table } from '../../../ui/Table'
import type { Prices } from '../studio'
import { useChangePrices } from './useChangePrices'
import page from '../creator.module.css'

interface FanRule {
  fanId: string
  name: string
  /** Null: on the free list. */
  cents: number | null
}

export function FanRules({ prices }: { prices: Prices }) {
  const { t } = useTranslation('creator')
  const change = useChangePrices()
  const rules: FanRule[] = [
    ...prices.fans.map(({ fan_id, name, price_cents }) => ({ fanId: fan_id, name, cents: price_cents })),
    ...prices.free_list.map(({ fan_id, name }) => ({ fanId: fan_id, name, cents: null })),
  ] // prettier-ignore
  const remove = ({ fanId, cents }: FanRule) =>
    void (cents === null ? change.freeList(fanId, false) : change.clearFanPrice(fanId))
  return (
    <section className={page.section}>
      <h2>{t('prices.fans')}</h2>
      <Table
        caption={t('prices.fans')}
        rows={rules}
        rowKey={(rule) => `${rule.fanId} ${rule.cents === null ? 'free' : 'price'}`}
        empty={t('prices.no_fans')}
        columns={[
          { id: 'fan', heading: t('prices.fan'), cell: (rule) => rule.name },
          {
            id: 'price',
            heading: t('prices.pays'),
            numeric: true,
            cell: (rule) =>
              rule.cents === null ? t('prices.free_list') : <Money cents={rule.cents} />,
          },
          {
            id: 'remove',
            heading: t('prices.act'),
            cell: (rule) => (
              <Button
                kind="quiet"
                icon="close"
                aria-label={t('prices.remove_of', { name: rule.name })}
                onClick={() => remove(rule)}
              >
                {t('prices.remove')}
              </Button>
            ),
          },
        ]}
      />
    </section>
  )
}
