/** Who gets what of a price, to the cent, before anybody pays it. */
import { useTranslation } from 'react-i18next'
import { Money } from '../../../ui/Money'
import { useSplit } from '../studio'
import styles from './Prices.module.css'

export function PriceSplit({ cents }: { cents: number }) {
  const { t } = useTranslation('creator')
  const found = useSplit(cents)
  const split = found.data
  if (found.isError) return <p className={styles.quiet}>{t('split.unknown')}</p>
  if (!split) return null
  const parts = [
    ['vat', split.vat_cents],
    ['platform', split.platform_cents],
    ['bank', split.bank_cents],
    ['reserve', split.reserve_cents],
  ] as const
  return (
    <dl className={styles.split} aria-busy={found.isPlaceholderData || undefined}>
      <div className={styles.total}>
        <dt>{t('split.you')}</dt>
        <dd>
          <Money cents={split.creator_cents} />
        </dd>
      </div>
      {parts.map(([name, part]) => (
        <div key={name}>
          <dt>{t(`split.${name}`, { rate: split.vat_rate_percent })}</dt>
          <dd>
            <Money cents={part} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
