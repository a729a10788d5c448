/** The answer: its button says what it earns, the strip what it settles, and media can be attached. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLimits, useStore } from '../../../core/hooks'
import { money } from '../../../core/money'
import { shortMoment } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import { Composer } from '../../../timeline/Composer'
import type { RowActions } from '../../../timeline/useRowActions'
import type { LiveTimeline } from '../../../timeline/useTimeline'
import { IconButton } from '../../../ui/Button'
import { Stub } from '../../../ui/Stub'
import type { Head } from '../studio'
import { OfferSheet, type MadeOffer } from './OfferSheet'
import { waitingIn, type Waiting } from './waiting'
import styles from './Conversation.module.css'

export interface AnswerComposerProps {
  head: Head
  live: LiveTimeline
  actions: RowActions
  draft: string
  onDraft: (text: string) => void
}

export function AnswerComposer({ head, live, actions, draft, onDraft }: AnswerComposerProps) {
  const { t } = useTranslation('creator')
  const store = useStore()
  const limits = useLimits()
  const [offer, setOffer] = useState<MadeOffer | null>(null)
  const [choosing, setChoosing] = useState(false)
  const id = head.card.id
  const waiting = waitingIn(live.rows, head.card.waiting)
  const mediaAlone = offer !== null && draft.trim() === ''
  const label = useLabel(waiting, mediaAlone)
  const { mode } = actions
  const send = async (text: string) => {
    if (mode.kind === 'edit') {
      if (await actions.saveEdit(text)) onDraft('')
      return
    }
    const replyTo = mode.replyTo?.messageId
    await store.outbox.send(id, { body: text, maxPriceCents: 0, offerId: offer?.offerId, replyTo })
    setOffer(null)
    actions.setMode({ kind: 'write' })
    onDraft('')
  }
  return (
    <>
      <Composer
        value={draft}
        onChange={(text) => {
          onDraft(text)
          store.typing(id)
        }}
        onSend={(text) => void send(text)}
        maySendEmpty={offer !== null}
        mode={mode}
        onLeaveMode={() => {
          actions.setMode({ kind: 'write' })
          onDraft('')
        }}
        sendLabel={label}
        maxCharacters={limits?.body_max_characters}
        above={offer && <Attached offer={offer} onRemove={() => setOffer(null)} />}
        tools={
          offer === null && (
            <IconButton icon="image" label={t('offer.attach')} onClick={() => setChoosing(true)} />
          )
        }
        strip={<Strip waiting={waiting} mediaAlone={mediaAlone} />}
        closed={useClosed(head, live)}
      />
      {choosing && (
        <OfferSheet
          conversationId={id}
          onClose={() => setChoosing(false)}
          onMade={(made) => {
            setOffer(made)
            setChoosing(false)
          }}
        />
      )}
    </>
  )
}

/** "Answer in person · €1.34 for you"; "Send" when nothing waits, or when it would be no answer. */
function useLabel(waiting: Waiting, mediaAlone: boolean): string {
  const { t } = useTranslation('creator')
  const language = useLanguage()
  if (waiting.count === 0 || mediaAlone) return t('answer.send')
  if (waiting.ownCents === null) return t('answer.plain')
  return t('answer.press', { amount: money(waiting.ownCents, language) })
}

function Strip({ waiting, mediaAlone }: { waiting: Waiting; mediaAlone: boolean }) {
  const { t } = useTranslation('creator')
  if (waiting.count === 0) return <p className={styles.strip}>{t('answer.nothing_waits')}</p>
  return (
    <p className={styles.strip}>
      {mediaAlone ? t('answer.media_alone') : t('answer.settles', { count: waiting.count })}
    </p>
  )
}

function Attached({ offer, onRemove }: { offer: MadeOffer; onRemove: () => void }) {
  const { t } = useTranslation('creator')
  return (
    <div className={styles.attached}>
      <Stub state="before" cents={offer.priceCents}>
        {t('offer.photos', { count: offer.mediaCount })}
      </Stub>
      <IconButton icon="close" label={t('offer.remove')} onClick={onRemove} />
    </div>
  )
}

/** Why nothing can be written here now, when it is so. */
function useClosed(head: Head, { log }: LiveTimeline): string | undefined {
  const { t } = useTranslation('creator')
  const language = useLanguage()
  if (log.ended || head.card.state === 'ended') return t('closed.ended')
  const { pause } = log
  if (pause?.until) {
    const facts = { reason: pause.reason, until: shortMoment(pause.until, language) }
    return t('closed.paused_until', facts)
  }
  if (pause || head.card.state === 'paused') return t('closed.paused')
  return undefined
}
