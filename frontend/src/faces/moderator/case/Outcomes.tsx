/** The two outcomes there are. */
import { useTranslation } from 'react-i18next'
import { Icon } from '../../../ui/Icon'
import type { Draft } from './useJudgement'
import styles from './Case.module.css'

export interface OutcomesProps {
  value: Draft['outcome']
  onChange: (outcome: 'release' | 'withhold') => void
}

export function Outcomes({ value, onChange }: OutcomesProps) {
  const { t } = useTranslation('moderator')
  return (
    <fieldset className={styles.outcomes}>
      <legend className="visually-hidden">{t('decision.outcome')}</legend>
      {(['release', 'withhold'] as const).map((outcome) => (
        <label key={outcome} data-outcome={outcome}>
          <input
            type="radio"
            name="outcome"
            value={outcome}
            checked={value === outcome}
            onChange={() => onChange(outcome)}
          />
          <Icon name={outcome === 'release' ? 'check' : 'block'} />
          {t(`decision.${outcome}`)}
        </label>
      ))}
    </fieldset>
  )
}
