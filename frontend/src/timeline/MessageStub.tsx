/** The money of one message as its reader may see it: the fan the price, the creator the own share. */
import { useTranslation } from 'react-i18next'
import { money } from '../core/money'
import { shortMoment } from '../core/time'
import { useLanguage } from '../i18n'
import { Stub, type StubState } from '../ui/Stub'
import type { Bubble } from './entries'

export interface MessageStubProps {
  bubble: Bubble
  reader: 'fan' | 'creator'
}

interface Facts {
  state: 'reserved' | 'captured' | 'refunded'
  cents: number
  due?: string
  why?: 'withheld' | 'expired' | 'unsent'
}

/** Nothing for a free message, and nothing before the server has answered. */
export function MessageStub({ bubble, reader }: MessageStubProps) {
  const facts = factsOf(bubble)
  if (!facts) return null
  return reader === 'fan' ? <FanStub {...facts} /> : <CreatorStub {...facts} />
}

function FanStub({ state, cents, due, why }: Facts) {
  const { t } = useTranslation()
  const language = useLanguage()
  const words = () => {
    if (state === 'captured') return t('money.captured')
    if (state === 'refunded') return why ? t(`money.refunded_${why}`) : t('money.refunded')
    return due
      ? t('money.reserved', { moment: shortMoment(due, language) })
      : t('money.reserved_plain')
  }
  return (
    <Stub state={state} cents={cents}>
      {words()}
    </Stub>
  )
}

const CREATOR_LOOK: Record<Facts['state'], StubState> = {
  reserved: 'reserved',
  captured: 'earned',
  refunded: 'refunded',
}

function CreatorStub({ state, cents, due }: Facts) {
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  const amount = money(cents, language)
  const words = () => {
    if (state === 'refunded') return t('common:money.returned_to_fan')
    if (state === 'captured') return t('common:money.earned', { amount })
    return due
      ? t('common:money.for_you_if', { amount, moment: shortMoment(due, language) })
      : t('money.for_you_answered', { amount })
  }
  return <Stub state={CREATOR_LOOK[state]}>{words()}</Stub>
}

function factsOf({ source, state }: Bubble): Facts | null {
  if (source.kind === 'outbox') return null
  if (source.kind === 'pending') {
    const cents = source.message.price_cents ?? 0
    if (cents === 0) return null
    if (state === 'held') return { state: 'reserved', cents }
    const why = state === 'withheld' || state === 'expired' ? state : 'unsent'
    return { state: 'refunded', cents, why }
  }
  const { money: kind, amount_cents, price_cents, answer_due_at } = source.message
  if (kind !== 'reserved' && kind !== 'captured' && kind !== 'refunded') return null
  const why = state === 'unsent' || state === 'withheld' ? state : undefined
  const cents = amount_cents ?? price_cents ?? 0
  return { state: kind, cents, due: answer_due_at ?? undefined, why }
}
