/** All media this fan bought, for ever, with what each one cost. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ask, rest } from '../../../core/rest'
import { shortMoment } from '../../../core/time'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Lure } from '../../../timeline/Lure'
import { UnlockedMedia } from '../../../timeline/UnlockedMedia'
import { Button } from '../../../ui/Button'
import { Skeleton } from '../../../ui/Skeleton'
import { Stub } from '../../../ui/Stub'
import { Failed } from '../Failed'
import styles from '../fan.module.css'

type Entry = components['schemas']['LibraryEntryOut']

export default function Library() {
  const { t } = useTranslation('fan')
  const library = useInfiniteQuery({
    queryKey: ['library'],
    queryFn: ({ pageParam }) =>
      ask(rest.GET('/api/library', { params: { query: { before: pageParam ?? undefined } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_before,
  })
  const entries = library.data?.pages.flatMap((page) => page.entries) ?? []
  return (
    <div className={styles.page}>
      <h1 tabIndex={-1}>{t('library.title')}</h1>
      {library.isPending && <Skeleton rows={2} height={240} />}
      {library.isError && <Failed error={library.error} onRetry={() => void library.refetch()} />}
      {library.data && entries.length === 0 && <p className={styles.soft}>{t('library.empty')}</p>}
      <ul className={styles.grid}>
        {entries.map((entry) => (
          <li key={entry.entitlement_id}>
            <Bought entry={entry} />
          </li>
        ))}
      </ul>
      {library.hasNextPage && (
        <Button busy={library.isFetchingNextPage} onClick={() => void library.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
    </div>
  )
}

function Bought({ entry }: { entry: Entry }) {
  const { t } = useTranslation(['fan', 'common'])
  const language = useLanguage()
  const [open, setOpen] = useState(false)
  const { offer } = entry
  const title = entry.creator || t('library.unknown') // who has left may have no name any more
  return (
    <article className={styles.bought}>
      <h2>{title}</h2>
      {open ? (
        <UnlockedMedia entitlementId={entry.entitlement_id} offer={offer} />
      ) : (
        <Lure bytes={offer.lure} width={offer.width} height={offer.height} />
      )}
      {!open && offer.preview && <p>{offer.preview}</p>}
      <Stub state="captured" cents={entry.charged_cents}>
        {`${t('common:money.charged')} · ${shortMoment(entry.unlocked_at, language)}`}
      </Stub>
      <div className={styles.row}>
        {!open && (
          <Button icon="image" onClick={() => setOpen(true)}>
            {t('library.open')}
            <span className="visually-hidden"> {title}</span>
          </Button>
        )}
        <Link href={`/messages/${offer.conversation_id}`}>{t('library.conversation')}</Link>
      </div>
    </article>
  )
}
