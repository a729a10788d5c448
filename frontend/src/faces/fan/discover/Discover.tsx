/** Certified creators alone, and one press to write. No count of anybody's audience. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { RefusalError, ask, rest } from '../../../core/rest'
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

/** Every creator one may write to. */
export function useCreators() {
  return useQuery({ queryKey: ['creators'], queryFn: () => ask(rest.GET('/api/creators')) })
}

export default function Discover() {
  const { t } = useTranslation('fan')
  const [search, setSearch] = useState('')
  const creators = useCreators()
  const wanted = search.trim().toLocaleLowerCase()
  const found = (creators.data ?? []).filter(({ name }) =>
    name.toLocaleLowerCase().includes(wanted),
  )
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
