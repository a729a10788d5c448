/** One conversation as its creator sees it: the fan, the messages, the answer. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { OutboxItem } from '../../../core/outbox'
import { Presence } from '../../../timeline/Presence'
import { useDraft, useTimeline } from '../../../timeline/useTimeline'
import { Avatar } from '../../../ui/Avatar'
import { IconButton } from '../../../ui/Button'
import { Sheet } from '../../../ui/Dialog'
import { Failed } from '../../../ui/Failed'
import { Icon } from '../../../ui/Icon'
import { Skeleton } from '../../../ui/Skeleton'
import { useHead, type Head } from '../studio'
import { AnswerComposer } from './AnswerComposer'
import { FanCard } from './FanCard'
import { Messages } from './Messages'
import { useRowActions } from '../../../timeline/useRowActions'
import { useWide } from './useWide'
import styles from './Conversation.module.css'

export function ConversationPane({ conversationId }: { conversationId: string }) {
  const head = useHead(conversationId)
  if (head.isPending) return <Skeleton rows={4} height={72} />
  if (head.isError) return <Failed error={head.error} onRetry={() => void head.refetch()} />
  return <Conversation head={head.data} />
}

function Conversation({ head }: { head: Head }) {
  const id = head.card.id
  const live = useTimeline(id)
  const [draft, write] = useDraft(id)
  const actions = useRowActions({ conversationId: id, onEdit: (bubble) => write(bubble.body) })
  const takeBack = (item: OutboxItem) => write(item.body)
  return (
    <>
      <article className={styles.pane}>
        <PaneHead head={head} />
        <Messages head={head} live={live} actions={actions} onTakeBack={takeBack} />
        <Presence conversationId={id} name={head.card.other_name} />
        <AnswerComposer head={head} live={live} actions={actions} draft={draft} onDraft={write} />
        {actions.layer}
      </article>
    </>
  )
}

/** Back, who it is, and the fan card: beside the messages when there is room, else on demand. */
function PaneHead({ head }: { head: Head }) {
  const { t } = useTranslation('creator')
  const wide = useWide()
  const [open, setOpen] = useState(false)
  return (
    <>
      <header className={styles.head}>
        <Link href="/studio" className={styles.back} aria-label={t('conversation.back')}>
          <Icon name="arrow_left" />
        </Link>
        <Avatar name={head.card.other_name} />
        <h1 tabIndex={-1} className={styles.name}>
          {head.card.other_name}
        </h1>
        {!wide && <IconButton icon="person" label={t('fan.title')} onClick={() => setOpen(true)} />}
      </header>
      {wide && (
        <aside className={styles.aside} aria-labelledby="fan-card">
          <h2 id="fan-card">{t('fan.title')}</h2>
          <FanCard head={head} />
        </aside>
      )}
      {open && !wide && (
        <Sheet open onClose={() => setOpen(false)} title={t('fan.title')}>
          <FanCard head={head} />
        </Sheet>
      )}
    </>
  )
}
