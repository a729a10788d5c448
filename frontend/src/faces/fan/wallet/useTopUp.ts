/** One top-up from press to credit. One client id per attempt: two presses, one payment. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ask, call, rest, type Refusal } from '../../../core/rest'
import { uuid7 } from '../../../core/uuid7'
import type { components } from '../../../gen/api'

export type Payment = components['schemas']['TopUpOut']
const ASK_AGAIN_MS = 1_000

export interface TopUpFlow {
  payment: Payment | null
  refusal: Refusal | null
  busy: boolean
  start: (amountCents: number, cardNumber: string) => Promise<void>
  answer: (approve: boolean) => Promise<void>
}

export function useTopUp(onCredited: () => void): TopUpFlow {
  const [attempt, setAttempt] = useState({ clientId: uuid7(), of: '' })
  const [begun, setBegun] = useState<Payment | null>(null)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [busy, setBusy] = useState(false)
  const payment = useFate(begun)
  const credited = payment?.credited_at != null
  useEffect(() => {
    if (credited) onCredited()
  }, [credited, onCredited])

  const heard = (result: { ok: true; data: Payment } | { ok: false; refusal: Refusal }) => {
    setBusy(false)
    setRefusal(result.ok ? null : result.refusal)
    if (result.ok) setBegun(result.data)
    // Only silence is retried under the same id; an answer ends the attempt.
    if (result.ok || result.refusal.code !== 'offline') setAttempt({ clientId: uuid7(), of: '' })
  }
  const start = async (amountCents: number, cardNumber: string) => {
    const of = `${amountCents} ${cardNumber}`
    const client_id = attempt.of === '' || attempt.of === of ? attempt.clientId : uuid7()
    setAttempt({ clientId: client_id, of })
    setBusy(true)
    setBegun(null)
    const body = { client_id, amount_cents: amountCents, card_number: cardNumber }
    heard(await call(rest.POST('/api/wallet/topups', { body })))
  }
  const answer = async (approve: boolean) => {
    if (!payment) return
    setBusy(true)
    const params = { path: { topup_id: payment.id } }
    heard(
      await call(
        rest.POST('/api/wallet/topups/{topup_id}/challenge', { params, body: { approve } }),
      ),
    )
  }
  return { payment, refusal, busy, start, answer }
}

/** The payment, asked again until the money is there or the bank has said no. */
function useFate(begun: Payment | null): Payment | null {
  const waits = (one: Payment) => one.credited_at === null && one.state !== 'declined'
  const fate = useQuery({
    queryKey: ['topup', begun?.id, begun?.state],
    queryFn: () =>
      ask(
        rest.GET('/api/wallet/topups/{topup_id}', {
          params: { path: { topup_id: begun?.id ?? '' } },
        }),
      ),
    enabled: begun !== null && begun.state !== 'requires_action' && waits(begun),
    refetchInterval: (query) =>
      query.state.data && !waits(query.state.data) ? false : ASK_AGAIN_MS,
  })
  return fate.data ?? begun
}
