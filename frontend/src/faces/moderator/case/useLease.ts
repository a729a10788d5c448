/** The right to decide: taken by a press, kept by a heartbeat, lost in words. */
import { useCallback, useEffect, useState } from 'react'
import { call, rest, type Refusal, type Result } from '../../../core/rest'
import { serverNow } from '../../../core/time'
import { useDeskRefresh, type Case, type Lease } from '../desk'

const HEARTBEAT_MS = 30_000

export type LeaseState =
  | { kind: 'none' }
  | { kind: 'mine'; lease: Lease }
  /** It ended without a decision: by its clock, or because somebody else took or closed the case. */
  | { kind: 'lost' }

export interface Leasing {
  state: LeaseState
  busy: boolean
  refusal: Refusal | null
  claim: () => Promise<void>
  giveBack: () => Promise<void>
}

export function useLease(found: Case): Leasing {
  const [state, setState] = useState<LeaseState>({ kind: 'none' })
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const refresh = useDeskRefresh()
  const path = { case_id: found.id }
  const heard = useCallback((result: Result<Lease>) => {
    setRefusal(result.ok ? null : result.refusal)
    if (result.ok) setState({ kind: 'mine', lease: result.data })
  }, [])
  const claim = async () => {
    setBusy(true)
    heard(await askLease(found.id))
    setBusy(false)
  }
  const giveBack = async () => {
    if (state.kind !== 'mine') return
    const body = { lease_token: state.lease.lease_token }
    setBusy(true)
    await call(rest.POST('/api/desk/cases/{case_id}/give-back', { params: { path }, body }))
    setBusy(false)
    setState({ kind: 'none' })
    refresh()
  }
  // A page loaded again goes on with the lease it had: claiming one's own answers the same one.
  const mineAlready = found.holder?.is_me === true && found.state === 'open'
  useEffect(() => {
    if (mineAlready) void askLease(found.id).then(heard)
  }, [mineAlready, found.id, heard])
  useHeartbeat(found.id, state, setState)
  return { state, busy, refusal, claim, giveBack }
}

const askLease = (caseId: string): Promise<Result<Lease>> =>
  call(rest.POST('/api/desk/cases/{case_id}/claim', { params: { path: { case_id: caseId } } }))

function useHeartbeat(caseId: string, state: LeaseState, set: (state: LeaseState) => void): void {
  useEffect(() => {
    if (state.kind !== 'mine') return
    const body = { lease_token: state.lease.lease_token }
    const beat = async () => {
      const params = { path: { case_id: caseId } }
      const result = await call(rest.POST('/api/desk/cases/{case_id}/heartbeat', { params, body }))
      if (result.ok) set({ kind: 'mine', lease: result.data })
      else if (result.refusal.code === 'lease_lost') set({ kind: 'lost' })
    }
    const left = Math.max(0, Date.parse(state.lease.until) - serverNow())
    const beating = setTimeout(() => void beat(), HEARTBEAT_MS)
    const ending = setTimeout(() => set({ kind: 'lost' }), left)
    return () => {
      clearTimeout(beating)
      clearTimeout(ending)
    }
  }, [caseId, state, set])
}
