/** The fan's conversations: filters, search by name, and what a message to each one costs. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { useStore } from '../../../core/hooks'
import { ask, rest } from '../../../core/rest'
import { Button } from '../../../ui/Button'
import { Field } from '../../../ui/Field'
import { Icon } from '../../../ui/Icon'
import { Skeleton } from '../../../ui/Skeleton'
import { Failed } from '../Failed'
import { CardRow, type Card } from './CardRow'
import styles from './Messages.module.css'

const FILTERS = ['all', 'unread', 'waiting'] as const
type Filter = (typeof FILTERS)[number]

/** The cards of a filter, page by page. */
export function useCards(filter: Filter) {
  return useInfiniteQuery({
    queryKey: ['conversations', filter],
    queryFn: ({ pageParam }) =>
      ask(
        rest.GET('/api/conversations', {
          params: { query: { filter, before: pageParam ?? undefined } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

export function Inbox({ openId }: { openId: string | undefined }) {
  const { t } = useTranslation(['fan', 'common'])
  const [filter, setFilter] = useState<Filter>('all')
  const [search, setSearch] = useState('')
  const Title = openId === undefined ? 'h1' : 'h2'
  return (
    <section className={styles.inbox} aria-labelledby="inbox-title">
      <header className={styles.top}>
        <Title id="inbox-title" tabIndex={-1} className={styles.title}>
          {t('inbox.title')}
        </Title>
        <Field
          label={<span className="visually-hidden">{t('inbox.search')}</span>}
          type="search"
          placeholder={t('inbox.search')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <div className={styles.filters} role="group" aria-label={t('inbox.filter')}>
          {FILTERS.map((one) => (
            <button
              key={one}
              type="button"
              className={styles.filter}
              aria-pressed={one === filter}
              onClick={() => setFilter(one)}
            >
              {t(`inbox.${one}`)}
            </button>
          ))}
        </div>
      </header>
      <Cards filter={filter} search={search} openId={openId} />
      <nav className={styles.more} aria-label={t('inbox.more')}>
        <Link href="/library">
          <Icon name="image" /> {t('library.title')}
        </Link>
        <Link href="/decisions">
          <Icon name="gavel" /> {t('decisions.title')}
        </Link>
      </nav>
    </section>
  )
}

interface CardsProps {
  filter: Filter
  search: string
  openId: string | undefined
}

function Cards({ filter, search, openId }: CardsProps) {
  const { t } = useTranslation(['fan', 'common'])
  const cards = useCards(filter)
  const drafts = useDrafts()
  if (cards.isPending) return <Skeleton rows={5} height={72} />
  if (cards.isError) {
    return <Failed error={cards.error} onRetry={() => void cards.refetch()} />
  }
  const all: Card[] = cards.data.pages.flatMap((page) => page.items)
  const wanted = search.trim().toLocaleLowerCase()
  const found = all.filter((card) => card.other_name.toLocaleLowerCase().includes(wanted))
  if (found.length === 0) return <Nothing filter={wanted ? 'search' : filter} />
  return (
    <ul className={styles.cards}>
      {found.map((card) => (
        <li key={card.id}>
          <CardRow card={card} open={card.id === openId} draft={drafts[card.id]} />
        </li>
      ))}
      {cards.hasNextPage && (
        <li className={styles.next}>
          <Button busy={cards.isFetchingNextPage} onClick={() => void cards.fetchNextPage()}>
            {t('more')}
          </Button>
        </li>
      )}
    </ul>
  )
}

function Nothing({ filter }: { filter: Filter | 'search' }) {
  const { t } = useTranslation('fan')
  return (
    <div className={styles.nothing}>
      <p>{t(`inbox.empty_${filter}`)}</p>
      {filter === 'all' && <Link href="/discover">{t('inbox.to_discover')}</Link>}
    </div>
  )
}

function useDrafts(): Record<string, string> {
  const { disk } = useStore()
  const drafts = useQuery({
    queryKey: ['drafts'],
    queryFn: () => disk.drafts(),
    staleTime: 0,
    networkMode: 'always',
  })
  return drafts.data ?? {}
}
