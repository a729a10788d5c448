/** Why a message of one fan costs what it does: every rule in order, and the one that decides. */
import { useTranslation } from 'react-i18next'
import { Failed } from '../../../ui/Failed'
import { Icon } from '../../../ui/Icon'
import { Money } from '../../../ui/Money'
import { Skeleton } from '../../../ui/Skeleton'
import { useWhy } from '../studio'
import { useReason } from './useReason'
import styles from './Prices.module.css'

export function WhySteps({ fanId }: { fanId: string }) {
  const { t } = useTranslation('creator')
  const reason = useReason()
  const why = useWhy(fanId)
  if (why.isPending) return <Skeleton rows={5} height={24} />
  if (why.isError) return <Failed error={why.error} onRetry={() => void why.refetch()} />
  const { steps, free_after_reply_hours: hours } = why.data
  return (
    <>
      <ol className={styles.steps}>
        {steps.map((step) => (
          <li key={step.reason} data-decides={step.decides || undefined}>
            <Icon name={step.decides ? 'check' : 'arrow_down'} size={16} />
            <span>{reason(step.reason)}</span>
            <span className={styles.answer}>
              {step.cents === null ? t('why.not_here') : <Money cents={step.cents} />}
              {step.decides && <strong> {t('why.decides')}</strong>}
            </span>
          </li>
        ))}
      </ol>
      {hours !== null && <p className={styles.quiet}>{t('why.after_reply', { count: hours })}</p>}
    </>
  )
}
