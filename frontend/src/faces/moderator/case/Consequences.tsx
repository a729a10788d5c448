/** What the chosen outcome does to people, before it is decided. */
import { useTranslation } from 'react-i18next'
import { Icon } from '../../../ui/Icon'
import type { Case } from '../desk'
import type { Judging } from './useJudgement'
import styles from './Case.module.css'

const TWO_HUMANS_SEVERITY = 4
const CHILD_PROTECTION = 'csae.'

export function Consequences({ found, judging }: { found: Case; judging: Judging }) {
  const { t } = useTranslation(['moderator', 'common'])
  const { outcome } = judging.value
  const held = found.verdict === 'hold'
  const words =
    outcome === 'release'
      ? [t(held ? 'effect.release_held' : 'effect.release_delivered'), t('effect.release_told')]
      : [
          t(held ? 'effect.withhold_held' : 'effect.withhold_delivered'),
          t('effect.statement'),
          t('common:money.back_to_owner'),
        ]
  return (
    <div role="status" className={styles.effects}>
      {outcome && (
        <ul>
          {words.map((text) => (
            <li key={text}>
              <Icon name="arrow_right" size={16} />
              {text}
            </li>
          ))}
          {needsTwo(found, judging) && (
            <li>
              <Icon name="person" size={16} />
              {t('effect.second')}
            </li>
          )}
        </ul>
      )}
    </div>
  )
}

/** Whether this judgement is only a proposal, as the server will see it. */
export function needsTwo(found: Case, judging: Pick<Judging, 'value' | 'rule'>): boolean {
  if (found.needs_second) return false
  if (judging.value.outcome === 'release') return found.policy.startsWith(CHILD_PROTECTION)
  return Math.max(found.severity, judging.rule?.severity ?? 0) >= TWO_HUMANS_SEVERITY
}
