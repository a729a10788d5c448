/** The fan's composer: the price stands on the button before the press, and is the most it can cost. */
import { useTranslation } from 'react-i18next'
import { useLimits, useQuote, useStore, useWallet } from '../../../core/hooks'
import type { Log } from '../../../core/log'
import { money } from '../../../core/money'
import { shortMoment } from '../../../core/time'
import { refusalText } from '../../../core/words'
import type { Quoted, Refused } from '../../../gen/protocol'
import { useLanguage } from '../../../i18n'
import { Composer } from '../../../timeline/Composer'
import { ReceiptStrip } from '../../../timeline/ReceiptStrip'
import { TopUpLink } from '../../../timeline/TopUpLink'
import type { RowActions } from '../../../timeline/useRowActions'
import type { Head } from './HeadBar'

export interface FanComposerProps {
  head: Head
  log: Log
  draft: string
  onDraft: (text: string) => void
  acts: RowActions
  /** An edit was left: the draft from before comes back. */
  onModeLeft: () => void
}

export function FanComposer(props: FanComposerProps) {
  const { head, draft, onDraft, acts } = props
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  const store = useStore()
  const limits = useLimits()
  const balanceCents = useWallet()?.balanceCents ?? null
  const id = head.card.id
  const quote = useQuote(id)
  const closed = useClosed(props.log, head, quote)
  const { mode } = acts
  const leaveMode = () => {
    if (mode.kind === 'edit') props.onModeLeft()
    acts.setMode({ kind: 'write' })
  }
  const send = (text: string) => {
    if (mode.kind === 'edit') {
      void acts.saveEdit(text).then((done) => done && props.onModeLeft())
      return
    }
    if (!quote) return
    const replyTo = mode.replyTo?.messageId
    void store.outbox.send(id, { body: text, maxPriceCents: quote.price_cents, replyTo })
    onDraft('')
    acts.setMode({ kind: 'write' })
  }
  const price = quote?.price_cents ?? 0
  const missing = balanceCents === null ? 0 : Math.max(0, price - balanceCents)
  return (
    <Composer
      value={draft}
      onChange={(text) => {
        onDraft(text)
        store.typing(id)
      }}
      onSend={send}
      mode={mode}
      onLeaveMode={leaveMode}
      busy={mode.kind === 'edit' ? mode.busy : quote === undefined}
      sendLabel={price === 0 ? t('send_free') : t('send', { price: money(price, language) })}
      maxCharacters={limits?.body_max_characters}
      instead={
        missing > 0 && mode.kind === 'write' ? <TopUpLink missingCents={missing} /> : undefined
      }
      strip={quote && <ReceiptStrip quote={quote} balanceCents={balanceCents} />}
      closed={closed}
    />
  )
}

/** Why nothing can be written now, in a sentence; undefined when one may write. */
function useClosed(log: Log, head: Head, quote: Quoted | undefined): string | undefined {
  const { t } = useTranslation(['fan', 'common'])
  const { t: say } = useTranslation()
  const language = useLanguage()
  if (log.ended) return t('closed.ended', { ...log.ended })
  if (log.pause) {
    const { until, ...who } = log.pause
    return until
      ? t('closed.paused_until', { ...who, until: shortMoment(until, language) })
      : t('closed.paused', who)
  }
  if (head.card.state === 'ended') return t('common:refusal.conversation_ended')
  if (quote && !quote.allowed) {
    const refusal: Refused = {
      t: 'refused', r: '', code: quote.reason, detail: '', ways_in: quote.ways_in,
    } // prettier-ignore
    return refusalText(say, refusal, language)
  }
  return undefined
}
