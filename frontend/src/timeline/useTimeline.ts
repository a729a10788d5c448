/** The live part of a timeline: rows, paging and read marks of one open conversation. */
import { useCallback, useEffect, useState } from 'react'
import { useConversation, useFrames, useStore } from '../core/hooks'
import type { Log } from '../core/log'
import type { Row } from '../core/rows'
import { voice } from '../core/announcer'
import { useTranslation } from 'react-i18next'

export interface LiveTimeline {
  log: Log
  rows: readonly Row[]
  loading: boolean
  /** Fixed when the conversation was opened (T5); null when nothing was unread. */
  unreadAfter: number | null
  otherReadSeq: number
  hasOlder: boolean
  atNewest: boolean
  /** Messages beyond the loaded window. */
  newer: number
  onOlder: () => void
  onNewest: () => Promise<unknown>
  onRead: (seq: number) => void
}

/** Everything `<Timeline>` needs of a conversation that the store keeps. */
export function useTimeline(conversationId: string): LiveTimeline {
  const store = useStore()
  const { log, rows } = useConversation(conversationId)
  const onOlder = useCallback(() => void store.sync.older(conversationId), [store, conversationId])
  const onNewest = useCallback(() => store.sync.newest(conversationId), [store, conversationId])
  const onRead = useCallback(
    (seq: number) => store.markRead(conversationId, seq),
    [store, conversationId],
  )
  useSpoken(conversationId, store.accountId)
  return {
    log,
    rows,
    loading: log.window === 'empty',
    unreadAfter: useUnreadAfter(log),
    otherReadSeq: log.otherReadSeq,
    hasOlder: log.hasOlder,
    atNewest: log.atNewest,
    newer: log.newer,
    onOlder,
    onNewest,
    onRead,
  }
}

/** The number after which everything was unread at the opening; it stays for the visit. */
function useUnreadAfter(log: Log): number | null {
  const [opened, setOpened] = useState<{ id: string; after: number | null } | null>(null)
  if (log.window === 'ready' && opened?.id !== log.conversationId) {
    const after = log.lastSeq > log.ownReadSeq ? log.ownReadSeq : null
    setOpened({ id: log.conversationId, after })
  }
  return opened?.id === log.conversationId ? opened.after : null
}

/** What the announcer says of this conversation (A1): others' messages, holds, prices, steps. */
function useSpoken(conversationId: string, selfId: string): void {
  const { t } = useTranslation('timeline')
  useFrames((frame) => {
    if (!('conversation_id' in frame) || frame.conversation_id !== conversationId) return
    switch (frame.t) {
      case 'message_delivered':
        if (frame.sender_id === selfId) return
        return voice.polite(t('spoken.message', { text: frame.body }), 'message', (count) =>
          t('spoken.messages', { count }),
        )
      case 'message_held':
        return voice.polite(t('spoken.held'))
      case 'price_changed':
        return voice.polite(t('spoken.price'))
      case 'moderator_joined':
        return voice.assertive(
          t('line.moderator_joined', { moderator: frame.moderator, reason: frame.reason }),
        )
      case 'conversation_paused':
        return voice.assertive(t('spoken.paused', { moderator: frame.moderator }))
      case 'conversation_ended':
        return voice.assertive(t('spoken.ended', { moderator: frame.moderator }))
      default:
    }
  })
}

/** The draft of a conversation on this device, saved 300 ms after the last key (S9). */
export function useDraft(conversationId: string): [string, (text: string) => void] {
  const { disk } = useStore()
  const [draft, setDraft] = useState({ id: conversationId, text: '', touched: false })
  if (draft.id !== conversationId) setDraft({ id: conversationId, text: '', touched: false })
  useEffect(() => {
    let current = true
    void disk.draft(conversationId).then((text) => {
      if (!current || !text) return
      setDraft((now) => (now.id === conversationId && !now.touched ? { ...now, text } : now))
    })
    return () => {
      current = false
    }
  }, [disk, conversationId])
  useEffect(() => {
    if (!draft.touched) return
    const save = () => void disk.putDraft(draft.id, draft.text)
    const timer = setTimeout(save, 300)
    addEventListener('pagehide', save)
    return () => {
      clearTimeout(timer)
      removeEventListener('pagehide', save)
      save()
    }
  }, [disk, draft])
  const write = useCallback(
    (text: string) => setDraft({ id: conversationId, text, touched: true }),
    [conversationId],
  )
  return [draft.text, write]
}
