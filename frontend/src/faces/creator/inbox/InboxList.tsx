/** The conversations of a creator, with what waits for an answer and until when. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../../ui/Button'
import { Failed } from '../../../ui/Failed'
import { Skeleton } from '../../../ui/Skeleton'
import { useCards, type Filter } from '../studio'
import { InboxRow } from './InboxRow'
import styles from './Inbox.module.css'

const FILTERS: readonly Filter[] = ['all', 'unread', 'waiting']

export function InboxList({ chosen }: { chosen: string | undefined }) {
  const { t } = useTranslation('creator')
  const [filter, setFilter] = useState<Filter>('all')
  const cards = useCards(filter)
  const rows = cards.data?.pages.flatMap((page) => page.items) ?? []
  const Title = chosen === undefined ? 'h1' : 'h2'
  return (
    <section className={styles.list} aria-labelledby="inbox-title">
      <header className={styles.head}>
        <Title id="inbox-title" tabIndex={-1} className={styles.title}>
          {t('inbox.title')}
        </Title>
        <div className={styles.filters} role="group" aria-label={t('inbox.filter')}>
          {FILTERS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === filter}
              onClick={() => setFilter(name)}
            >
              {t(`inbox.filter_${name}`)}
            </button>
          ))}
        </div>
      </header>
      {cards.isPending && <Skeleton rows={5} height={72} />}
      {cards.isError && <Failed error={cards.error} onRetry={() => void cards.refetch()} />}
      {cards.isSuccess && rows.length === 0 && (
        <p className={styles.empty}>{t(`inbox.empty_${filter}`)}</p>
      )}
      <ul>
        {rows.map((card) => (
          <li key={card.id}>
            <InboxRow card={card} here={card.id === chosen} />
          </li>
        ))}
      </ul>
      {cards.hasNextPage && (
        <Button busy={cards.isFetchingNextPage} onClick={() => void cards.fetchNextPage()}>
          {t('inbox.more')}
        </Button>
      )}
    </section>
  )
}
