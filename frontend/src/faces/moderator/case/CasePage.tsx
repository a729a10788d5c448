/** A case: the conversation around it, what points at it, and the decision. Blind to money. */
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Badge } from '../../../ui/Badge'
import { Failed } from '../../../ui/Failed'
import { Icon } from '../../../ui/Icon'
import { Skeleton } from '../../../ui/Skeleton'
import { Clock } from '../Clock'
import { queueHref, useCase, useChosenQueue, type Case } from '../desk'
import { Severity } from '../Severity'
import { useCode, useRuleTitle } from '../words'
import { Decision } from './Decision'
import { Evidence } from './Evidence'
import { StepIn } from './StepIn'
import { Window } from './Window'
import styles from './Case.module.css'

export function CasePage({ caseId }: { caseId: string }) {
  const found = useCase(caseId)
  if (found.isPending) return <Skeleton rows={4} height={96} />
  if (found.isError) return <Failed error={found.error} onRetry={() => void found.refetch()} />
  return <OpenCase found={found.data} reload={() => void found.refetch()} />
}

function OpenCase({ found, reload }: { found: Case; reload: () => void }) {
  return (
    <div className={styles.page}>
      <Head found={found} />
      <div className={styles.columns}>
        <div className={styles.column}>
          <Window found={found} />
        </div>
        <div className={styles.column}>
          <Evidence found={found} />
        </div>
        <div className={styles.column}>
          <Decision found={found} reload={reload} />
          <StepIn found={found} />
        </div>
      </div>
    </div>
  )
}

function Head({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const title = useRuleTitle()
  const say = useCode()
  const back = queueHref(useChosenQueue())
  return (
    <header className={styles.head}>
      <Link href={back} className={styles.back}>
        <Icon name="arrow_left" />
        {t('case.back')}
      </Link>
      <h1 tabIndex={-1} className={styles.title}>
        {t('case.heading', { rule: title(found.policy) })}
      </h1>
      <p className={styles.facts}>
        <Severity value={found.severity} />
        {found.state === 'open' ? (
          <Clock openedAt={found.opened_at} dueAt={found.due_at} />
        ) : (
          <Badge tone="ok">{say('state', found.state)}</Badge>
        )}
        <span>{say('verdict', found.verdict)}</span>
        <span>{say('language', found.language)}</span>
        {found.needs_second && <Badge tone="signal">{t('queue.second')}</Badge>}
      </p>
    </header>
  )
}
