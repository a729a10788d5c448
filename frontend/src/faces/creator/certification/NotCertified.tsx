/** For a creator whose five proofs are not all approved: what is missing, and why it is asked. */
import { useTranslation } from 'react-i18next'
import { Icon, type IconName } from '../../../ui/Icon'
import styles from '../creator.module.css'

const STEPS: readonly { name: 'identity' | 'phone' | 'selfie' | 'bank' | 'charter'; icon: IconName }[] = [
  { name: 'identity', icon: 'card' },
  { name: 'phone', icon: 'bell' },
  { name: 'selfie', icon: 'person' },
  { name: 'bank', icon: 'wallet' },
  { name: 'charter', icon: 'shield' },
] // prettier-ignore

export function NotCertified() {
  const { t } = useTranslation('creator')
  return (
    <div className={styles.page}>
      <h1 tabIndex={-1}>{t('certification.title')}</h1>
      <p className={styles.lead}>{t('certification.rule')}</p>
      <ol className={styles.steps}>
        {STEPS.map(({ name, icon }) => (
          <li key={name}>
            <Icon name={icon} size={24} />
            <div>
              <h2>{t(`certification.${name}`)}</h2>
              <p>{t(`certification.${name}_why`)}</p>
              <p className={styles.quiet}>{t(`certification.${name}_kept`)}</p>
            </div>
          </li>
        ))}
      </ol>
      <p>{t('certification.by_people')}</p>
    </div>
  )
}
