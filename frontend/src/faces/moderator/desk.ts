/** What the desk asks the server, and how its news keep the answers fresh. */
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useSearch } from 'wouter'
import { voice } from '../../core/announcer'
import { useFrames } from '../../core/hooks'
import { ask, rest } from '../../core/rest'
import type { components } from '../../gen/api'

type Schemas = components['schemas']
export type CaseRow = Schemas['CaseRowOut']
export type Rule = Schemas['RuleOut']
export type Lease = Schemas['LeaseOut']
export type Finding = Omit<Schemas['FindingOut'], 'spans'> & {
  spans: readonly (readonly number[])[]
}
export type Case = Omit<Schemas['CaseOut'], 'findings'> & { findings: readonly Finding[] }
export type Flood = Schemas['FloodOut']
export type ContextLine = Schemas['LineOut']

export const ALL_QUEUES = 'all'
export const FLOOD_QUEUE = 'flood'
const QUEUES = ['desk', 'queue'] as const
const STANDING = ['desk', 'standing'] as const
const FLOODS = ['desk', 'floods'] as const

/** The page of one queue, gravest first; `before` is the `next` of the page above it. */
export const queuePage = (queue: string, before: string | null) =>
  ask(rest.GET('/api/desk/cases', { params: { query: { queue, before } } }))

export function useQueue(queue: string) {
  return useInfiniteQuery({
    queryKey: [...QUEUES, queue],
    queryFn: ({ pageParam }) => queuePage(queue, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

/** Whether this moderator is on duty, and how full the queues are. */
export function useStanding() {
  return useQuery({ queryKey: STANDING, queryFn: () => ask(rest.GET('/api/desk/me')) })
}

/** The rules that flood until a human puts them back, gravest first. */
export function useFloods(): readonly Flood[] {
  return useQuery({ queryKey: FLOODS, queryFn: () => ask(rest.GET('/api/desk/floods')) }).data ?? []
}

export function useRules(): readonly Rule[] | undefined {
  const rules = () => ask(rest.GET('/api/desk/rules'))
  return useQuery({ queryKey: ['desk', 'rules'], queryFn: rules, staleTime: Infinity }).data
}

/** One case. Asking for it is opening the evidence, which is logged: so it is never asked idly. */
export function useCase(caseId: string) {
  return useQuery({
    queryKey: ['case', caseId],
    queryFn: () =>
      ask<Case>(rest.GET('/api/desk/cases/{case_id}', { params: { path: { case_id: caseId } } })),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
}

/** The queue of this page's address: it stays while cases are opened from it. */
export function useChosenQueue(): string {
  return new URLSearchParams(useSearch()).get('queue') ?? ALL_QUEUES
}

export const caseHref = (caseId: string, queue: string): string =>
  `/desk/cases/${caseId}${queue === ALL_QUEUES ? '' : `?queue=${queue}`}`
export const queueHref = (queue: string): string =>
  queue === ALL_QUEUES ? '/desk' : `/desk?queue=${queue}`

/** Ask the queues again: after each act of one's own, and after each act of a colleague. */
export function useDeskRefresh(): () => void {
  const queries = useQueryClient()
  return () => {
    void queries.invalidateQueries({ queryKey: QUEUES })
    void queries.invalidateQueries({ queryKey: STANDING })
    void queries.invalidateQueries({ queryKey: FLOODS })
  }
}

const NEWS = /^(case_|rule_flooded|rule_put_back)/

/** Keep queues and counts as colleagues and machines change them; say aloud what is new. */
export function useDeskNews(): void {
  const { t } = useTranslation('moderator')
  const refresh = useDeskRefresh()
  useFrames((frame) => {
    if (!NEWS.test(frame.t)) return
    refresh()
    if (frame.t === 'rule_flooded') {
      voice.polite(t('news.flooded'), 'flood', (count) => t('news.many_flooded', { count }))
    }
    if (frame.t === 'case_opened') {
      voice.polite(t('news.opened'), 'case', (count) => t('news.many_opened', { count }))
    }
  })
}
