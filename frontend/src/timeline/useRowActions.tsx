/**
 * The acts on one message, for any role: reply, copy, edit, unsend, report. Gives the two slots of
 * `<Timeline>`, the mode of `<Composer>`, and the layer (dialogs) to draw once beside them.
 */
import { Suspense, lazy, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLimits, useStore } from '../core/hooks'
import { serverNow } from '../core/time'
import { refusalText } from '../core/words'
import type { Limits, Receipt, Refused } from '../gen/protocol'
import type { Unanswered } from '../core/socket'
import { useLanguage } from '../i18n'
import type { IconName } from '../ui/Icon'
import { toaster } from '../ui/Toast'
import type { ComposerMode } from './Composer'
import type { Bubble } from './entries'

// Dialogs arrive with the first press that needs one: the list itself is light.
const ActDialog = lazy(() => import('./ActDialog'))
const ReportDialog = lazy(() => import('./ReportDialog'))

export interface RowAct {
  label: string
  icon: IconName
  danger?: boolean
  run: () => void
}

export interface RowActions {
  /** Slots of the timeline. */
  onActions: (bubble: Bubble) => void
  hasActions: (bubble: Bubble) => boolean
  /** What the composer does now, and how it goes back to writing. */
  mode: ComposerMode
  setMode: (mode: ComposerMode) => void
  /** Send the changed text of the message under edit. True when it was accepted. */
  saveEdit: (text: string) => Promise<boolean>
  layer: ReactNode
}

export interface RowActionsOptions {
  conversationId: string
  /** Called with the text when an edit begins. */
  onEdit: (bubble: Bubble) => void
  /** Further acts of this face: "decline and refund". */
  more?: (bubble: Bubble) => readonly RowAct[]
}

export function useRowActions({ conversationId, onEdit, more }: RowActionsOptions): RowActions {
  const { t } = useTranslation('timeline')
  const limits = useLimits()
  const tell = useTell(conversationId)
  const [chosen, setChosen] = useState<Bubble | null>(null)
  const [reported, setReported] = useState<Bubble | null>(null)
  const [mode, setMode] = useState<ComposerMode>({ kind: 'write' })
  const acts = (bubble: Bubble): RowAct[] => {
    const may = allowed(bubble, limits, serverNow())
    const all: (RowAct | false)[] = [
      may.reply && { label: t('act.reply'), icon: 'arrow_left', run: () => setMode({ kind: 'write', replyTo: bubble }) },
      may.copy && { label: t('act.copy'), icon: 'archive', run: () => void copy(bubble.body, t('act.copied')) },
      may.edit && { label: t('act.edit'), icon: 'edit', run: () => { setMode({ kind: 'edit', bubble }); onEdit(bubble) } },
      may.unsend && { label: t('act.unsend'), icon: 'refund', danger: true, run: () => void tell.unsend(bubble) },
      may.report && { label: t('act.report'), icon: 'flag', danger: true, run: () => setReported(bubble) },
    ] // prettier-ignore
    return [...all.filter((act) => act !== false), ...(more?.(bubble) ?? [])]
  }
  const saveEdit = async (text: string): Promise<boolean> => {
    if (mode.kind !== 'edit') return false
    setMode({ ...mode, busy: true })
    const done = await tell.edit(mode.bubble, text)
    setMode(done ? { kind: 'write' } : mode)
    return done
  }
  const layer = (
    <Suspense>
      {chosen && (
        <ActDialog acts={acts(chosen)} title={t('act.open')} onClose={() => setChosen(null)} />
      )}
      {reported && (
        <ReportDialog
          conversationId={conversationId}
          bubble={reported}
          onClose={() => setReported(null)}
        />
      )}
    </Suspense>
  )
  return {
    onActions: setChosen,
    hasActions: (bubble) => acts(bubble).length > 0,
    mode,
    setMode,
    saveEdit,
    layer,
  }
}

/** What the server would accept now; its windows come with `welcome.limits`. */
export function allowed(bubble: Bubble, limits: Limits | null, nowMs: number) {
  const { author, state, body, messageId, source } = bubble
  const age = (nowMs - Date.parse(bubble.at)) / 1_000
  const money = source.kind === 'message' ? source.message.money : undefined
  const there = messageId !== undefined && state === 'delivered'
  const waits = messageId !== undefined && state === 'held'
  const settled = money === 'captured' || money === 'refunded'
  return {
    reply: there,
    copy: body !== '',
    edit: author.own && there && !settled && age < (limits?.edit_window_seconds ?? 0),
    unsend:
      author.own &&
      (there || waits) &&
      money !== 'captured' &&
      age < (limits?.unsend_window_seconds ?? 0),
    report: !author.own && there,
  }
}

/** The two commands on an own message; a refusal is said in a toast, nothing else changes. */
function useTell(conversationId: string) {
  const { t } = useTranslation()
  const language = useLanguage()
  const store = useStore()
  const heard = (answer: Receipt | Refused | Unanswered): boolean => {
    if (answer.t === 'receipt') return true
    const text = answer.t === 'refused' ? refusalText(t, answer, language) : t('refusal.offline')
    toaster.show({ text, icon: 'alert' })
    return false
  }
  const target = (bubble: Bubble) => ({
    conversation_id: conversationId,
    message_id: bubble.messageId ?? '',
  })
  return {
    edit: async (bubble: Bubble, body: string) =>
      heard(await store.request({ t: 'edit_message', ...target(bubble), body })),
    unsend: async (bubble: Bubble) =>
      heard(await store.request({ t: 'unsend_message', ...target(bubble) })),
  }
}

async function copy(text: string, done: string): Promise<void> {
  await navigator.clipboard.writeText(text)
  toaster.show({ text: done, icon: 'check' })
}
