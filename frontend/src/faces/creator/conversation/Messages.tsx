/** The timeline with what a creator may do: decline and refund beside each waiting message. */
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { OutboxItem } from '../../../core/outbox'
import { call, rest } from '../../../core/rest'
import { useSession } from '../../../core/session'
import { refusalText } from '../../../core/words'
import { useLanguage } from '../../../i18n'
import { LockedMedia } from '../../../timeline/LockedMedia'
import { MessageStub } from '../../../timeline/MessageStub'
import { OutboxNotice } from '../../../timeline/OutboxNotice'
import { Timeline, type Slots } from '../../../timeline/Timeline'
import type { Author, Bubble } from '../../../timeline/entries'
import { useRowTab } from '../../../timeline/rowActive'
import type { RowActions } from '../../../timeline/useRowActions'
import type { LiveTimeline } from '../../../timeline/useTimeline'
import { Button } from '../../../ui/Button'
import { toaster } from '../../../ui/Toast'
import { useRefresh, type Head } from '../studio'
import { isWaiting } from './waiting'
import styles from './Conversation.module.css'

export interface MessagesProps {
  head: Head
  live: LiveTimeline
  actions: RowActions
  onTakeBack: (item: OutboxItem) => void
}

export function Messages({ head, live, actions, onTakeBack }: MessagesProps) {
  const { t } = useTranslation('creator')
  const { me } = useSession()
  const self = useMemo(() => ({ name: me.name, own: true, sealed: true }), [me.name])
  const fanName = head.card.other_name
  const authorOf = useCallback(
    (senderId: string): Author =>
      senderId === me.id ? self : { name: fanName, own: false, sealed: false },
    [me.id, self, fanName],
  )
  const slots: Slots = {
    money: (bubble) => <Money bubble={bubble} conversationId={head.card.id} />,
    media: (bubble) => {
      const offer = offerOf(bubble)
      return offer && <LockedMedia offer={offer} reader="creator" />
    },
    unsent: (bubble) => <OutboxNotice bubble={bubble} onEdit={onTakeBack} />,
    onActions: actions.onActions,
    hasActions: actions.hasActions,
  }
  return (
    <Timeline
      {...live}
      authorOf={authorOf}
      self={self}
      slots={slots}
      empty={t('conversation.empty', { name: fanName })}
    />
  )
}

function offerOf({ source }: Bubble) {
  return source.kind === 'message' ? (source.message.offer ?? undefined) : undefined
}

function Money({ bubble, conversationId }: { bubble: Bubble; conversationId: string }) {
  return (
    <>
      <MessageStub bubble={bubble} reader="creator" />
      {isWaiting(bubble.source) && bubble.messageId && (
        <Decline conversationId={conversationId} messageId={bubble.messageId} />
      )}
    </>
  )
}

function Decline({ conversationId, messageId }: { conversationId: string; messageId: string }) {
  const { t } = useTranslation(['creator', 'common'])
  const language = useLanguage()
  const tab = useRowTab()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)
  const decline = async () => {
    setBusy(true)
    const path = { conversation_id: conversationId, message_id: messageId }
    const result = await call(
      rest.POST('/api/conversations/{conversation_id}/messages/{message_id}/decline', {
        params: { path },
      }),
    )
    setBusy(false)
    refresh.cards()
    const refused = result.ok ? null : refusalText(t as never, result.refusal, language)
    toaster.show({ text: refused ?? t('decline.done'), icon: refused ? 'alert' : 'refund' })
  }
  return (
    <Button
      kind="quiet"
      icon="refund"
      tabIndex={tab}
      busy={busy}
      className={styles.decline}
      onClick={() => void decline()}
    >
      {t('decline.press')}
    </Button>
  )
}
