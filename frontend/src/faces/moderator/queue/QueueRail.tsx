/** The queues with their counts: a rail on a desktop, one select on a phone. */
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { Select } from '../../../ui/Field'
import { queueHref } from '../desk'
import { useCode } from '../words'
import styles from './Queue.module.css'

export interface QueueRailProps {
  counts: Readonly<Record<string, number>>
  chosen: string
}

export function QueueRail({ counts, chosen }: QueueRailProps) {
  const { t } = useTranslation('moderator')
  const [, navigate] = useLocation()
  const say = useCode()
  const queues = Object.entries(counts)
  const label = (name: string, count: number) => `${say('queue', name)} (${count})`
  return (
    <div className={styles.rail}>
      <nav className={styles.queues} aria-label={t('queue.queues')}>
        {queues.map(([name, count]) => (
          <Link
            key={name}
            href={queueHref(name)}
            aria-current={name === chosen ? 'page' : undefined}
            data-empty={count === 0 || undefined}
          >
            <span>{say('queue', name)}</span>
            <span className={styles.number}>{count}</span>
          </Link>
        ))}
      </nav>
      <Select
        label={t('queue.choose')}
        className={styles.choice}
        value={chosen}
        options={queues.map(([value, count]) => ({ value, label: label(value, count) }))}
        onChange={(event) => navigate(queueHref(event.target.value))}
      />
    </div>
  )
}
