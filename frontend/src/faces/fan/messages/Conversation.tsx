/** One conversation as the fan reads and pays it. */
import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useCallback, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { useStore } from '../../../core/hooks'
import { ask, rest } from '../../../core/rest'
import type { OutboxItem } from '../../../core/outbox'
import { Icon } from '../../../ui/Icon'
import { Skeleton } from '../../../ui/Skeleton'
import { focusComposer } from '../../../timeline/Composer'
import { LockedMedia } from '../../../timeline/LockedMedia'
import { MessageStub } from '../../../timeline/MessageStub'
import { OutboxNotice } from '../../../timeline/OutboxNotice'
import { Presence } from '../../../timeline/Presence'
import { Timeline, type Slots } from '../../../timeline/Timeline'
import type { Author, Bubble } from '../../../timeline/entries'
import { useRowActions } from '../../../timeline/useRowActions'
import { useDraft, useTimeline } from '../../../timeline/useTimeline'
import { Failed } from '../Failed'
import { Context } from './Context'
import { FanComposer } from './FanComposer'
import { HeadBar, type Head } from './HeadBar'
import styles from './Messages.module.css'

const ContextSheet = lazy(() => import('./ContextSheet'))

export function Conversation({ id }: { id: string }) {
  const head = useQuery({
    queryKey: ['conversation', id],
    queryFn: () =>
      ask(
        rest.GET('/api/conversations/{conversation_id}', {
          params: { path: { conversation_id: id } },
        }),
      ),
  })
  if (head.isPending) return <Skeleton rows={4} height={72} />
  if (head.isError) return <Unavailable error={head.error} onRetry={() => void head.refetch()} />
  return <Loaded id={id} head={head.data} />
}

function Unavailable({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation(['fan', 'common'])
  return (
    <section className={styles.conversation}>
      <h1 className={styles.title} tabIndex={-1}>
        {t('conversation.title')}
      </h1>
      <Failed error={error} onRetry={onRetry} />
      <Link href="/messages">{t('conversation.back')}</Link>
    </section>
  )
}

function Loaded({ id, head }: { id: string; head: Head }) {
  const { t } = useTranslation('fan')
  const store = useStore()
  const live = useTimeline(id)
  const [draft, setDraft] = useDraft(id)
  const [details, setDetails] = useState(false)
  const kept = useRef('')
  const acts = useRowActions({
    conversationId: id,
    onEdit: (bubble) => {
      kept.current = draft
      setDraft(bubble.body)
      focusComposer()
    },
  })
  const takeBack = useCallback(
    (item: OutboxItem) => {
      setDraft(item.body)
      focusComposer()
    },
    [setDraft],
  )
  const { self, authorOf } = useAuthors(store.accountId, head.card.other_name)
  return (
    <>
      <section className={styles.conversation} aria-label={head.card.other_name}>
        <HeadBar head={head} onDetails={() => setDetails(true)} />
        <Timeline
          {...live}
          authorOf={authorOf}
          self={self}
          slots={slotsOf(acts.onActions, acts.hasActions, takeBack)}
          onLeave={focusComposer}
          empty={<Empty name={head.card.other_name} />}
        />
        <Presence conversationId={id} name={head.card.other_name} />
        <FanComposer
          head={head}
          log={live.log}
          draft={draft}
          onDraft={setDraft}
          acts={acts}
          onModeLeft={() => setDraft(kept.current)}
        />
        {acts.layer}
      </section>
      <aside className={styles.context} aria-label={t('context.title')}>
        <Context head={head} />
      </aside>
      {details && (
        <Suspense>
          <ContextSheet head={head} onClose={() => setDetails(false)} />
        </Suspense>
      )}
    </>
  )
}

function slotsOf(
  onActions: (bubble: Bubble) => void,
  hasActions: (bubble: Bubble) => boolean,
  onEdit: (item: OutboxItem) => void,
): Slots {
  return {
    onActions,
    hasActions,
    money: (bubble) => <MessageStub bubble={bubble} reader="fan" />,
    media: ({ source }) =>
      source.kind === 'message' && source.message.offer ? (
        <LockedMedia offer={source.message.offer} reader="fan" />
      ) : null,
    unsent: (bubble) => <OutboxNotice bubble={bubble} onEdit={onEdit} />,
  }
}

function useAuthors(selfId: string, otherName: string) {
  return useMemo(() => {
    const self: Author = { name: '', own: true, sealed: false }
    const other: Author = { name: otherName, own: false, sealed: true }
    return { self, authorOf: (senderId: string) => (senderId === selfId ? self : other) }
  }, [selfId, otherName])
}

function Empty({ name }: { name: string }) {
  const { t } = useTranslation('fan')
  return (
    <p>
      <Icon name="messages" /> {t('conversation.empty', { name })}
    </p>
  )
}
