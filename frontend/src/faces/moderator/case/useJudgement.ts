/** The judgement being written: what it says, and what it still lacks. */
import { useState } from 'react'
import { useRules, type Case, type Rule } from '../desk'
import { articleOf } from '../words'
import { departures, type Judgement } from './departures'

export type Draft = Omit<Judgement, 'lease_token' | 'outcome'> & {
  outcome: 'release' | 'withhold' | ''
}
export type Lack = 'outcome' | 'rule' | 'reason'

export interface Judging {
  value: Draft
  /** Null while something is missing. */
  complete: Omit<Judgement, 'lease_token'> | null
  set: (change: Partial<Draft>) => void
  /** The rule applied; its article is proposed as the reason while nobody wrote another. */
  chooseRule: (ruleId: string) => void
  rule: Rule | undefined
  missing: readonly Lack[]
  /** The language of the person who will read the reason. */
  language: string
}

const NOTHING: Draft = { outcome: '', rule: '', reason: '', note: '', payee_at_fault: false }

export function useJudgement(found: Case): Judging {
  const rules = useRules() ?? []
  const [draft, setDraft] = useState<Draft>(() => departures.undone(found.id) ?? NOTHING)
  const articleOfRule = (id: string) => {
    const rule = rules.find((one) => one.id === id)
    return rule ? articleOf(rule, found.language) : ''
  }
  const withRule = (now: Draft, ruleId: string): Draft => {
    const proposed = now.reason === '' || now.reason === articleOfRule(now.rule)
    return { ...now, rule: ruleId, reason: proposed ? articleOfRule(ruleId) : now.reason }
  }
  const set = (change: Partial<Draft>) =>
    setDraft((now) => {
      const next = { ...now, ...change }
      const suspected = change.outcome === 'withhold' && now.rule === ''
      const known = rules.some(({ id }) => id === found.policy)
      return suspected && known ? withRule(next, found.policy) : next
    })
  const value =
    draft.outcome === 'release' ? { ...NOTHING, outcome: draft.outcome, note: draft.note } : draft
  const { outcome } = value
  const missing = missingOf(value)
  return {
    value,
    complete: outcome !== '' && missing.length === 0 ? { ...value, outcome } : null,
    set,
    chooseRule: (ruleId) => setDraft((now) => withRule(now, ruleId)),
    rule: rules.find(({ id }) => id === value.rule),
    missing,
    language: found.language,
  }
}

function missingOf(draft: Draft): Lack[] {
  if (draft.outcome === '') return ['outcome']
  if (draft.outcome === 'release') return []
  return [
    ...(draft.rule === '' ? (['rule'] as const) : []),
    ...(draft.reason.trim() === '' ? (['reason'] as const) : []),
  ]
}
