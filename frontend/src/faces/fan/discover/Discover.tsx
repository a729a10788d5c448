/** Certified creators alone, and one press to write. No count of anybody's audience. */
import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { RefusalError, ask, rest } from '../../../core/rest'
import { useSettled } from '../../../core/hooks'
import { refusalText } from '../../../core/words'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Avatar } from '../../../ui/Avatar'
import { Button } from '../../../ui/Button'
import { Field } from '../../../ui/Field'
import { Skeleton } from '../../../ui/Skeleton'
import { Failed } from '../Failed'
import styles from '../fan.module.css'

type Creator = components['schemas']['CreatorOut']

const PAGE = 100 // of the server's: a shorter one is the last
const TYPED_MS = 250

/** The creators one may write to whose names have this in them, page by page. */
function useCreators(name: string) {
  return useInfiniteQuery({
    queryKey: ['creators', name],
    queryFn: ({ pageParam }) =>
      ask(
        rest.GET('/api/creators', {
          params: { query: { name: name || undefined, after: pageParam ?? undefined } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.length < PAGE ? null : page.at(-1)?.id),
    placeholderData: keepPreviousData, // what is typed changes the list, not the page
  })
}

export default function Discover() {
  const { t } = useTranslation('fan')
  const [search, setSearch] = useState('')
  const creators = useCreators(useSettled(search.trim(), TYPED_MS))
  const found = creators.data?.pages.flat() ?? []
  return (
    <div className={styles.page}>
      <h1 tabIndex={-1}>{t('discover.title')}</h1>
      <p className={styles.soft}>{t('discover.intro')}</p>
      <Field
        label={t('discover.search')}
        type="search"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {creators.isPending && <Skeleton rows={3} height={96} />}
      {creators.isError && (
        <Failed error={creators.error} onRetry={() => void creators.refetch()} />
      )}
      {creators.data && found.length === 0 && <p>{t('discover.empty')}</p>}
      <ul className={styles.grid}>
        {found.map((creator) => (
          <li key={creator.id}>
            <CreatorCard creator={creator} />
          </li>
        ))}
      </ul>
      {creators.hasNextPage && (
        <Button busy={creators.isFetchingNextPage} onClick={() => void creators.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
    </div>
  )
}

function CreatorCard({ creator }: { creator: Creator }) {
  const { t } = useTranslation(['fan', 'common'])
  const { t: say } = useTranslation()
  const language = useLanguage()
  const [, navigate] = useLocation()
  const open = useMutation({
    mutationFn: () => ask(rest.POST('/api/conversations', { body: { creator_id: creator.id } })),
    onSuccess: (head) => navigate(`/messages/${head.card.id}`),
  })
  return (
    <article className={styles.creator}>
      <Avatar name={creator.name} certified size="large" />
      <div>
        <h2>{creator.name}</h2>
        <p className={styles.soft}>{t('common:seal.certified_by')}</p>
      </div>
      <Button kind="main" icon="messages" busy={open.isPending} onClick={() => open.mutate()}>
        {t('discover.write')}
        <span className="visually-hidden"> {creator.name}</span>
      </Button>
      {open.error instanceof RefusalError && (
        <p role="alert" className={styles.stop}>
          {refusalText(say, open.error.refusal, language)}
        </p>
      )}
    </article>
  )
}
