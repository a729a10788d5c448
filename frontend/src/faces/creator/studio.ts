/** What the studio asks the server, and how its frames keep the answers fresh. */
import { useInfiniteQuery, useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query'
import { useFrames } from '../../core/hooks'
import { ask, rest } from '../../core/rest'
import type { components } from '../../gen/api'

type Schemas = components['schemas']
export type Card = Schemas['CardOut']
export type Head = Schemas['HeadOut']
export type Media = Schemas['MediaOut']
export type Prices = Schemas['PricesOut']
export type Split = Schemas['SplitOut']
export type Why = Schemas['WhyOut']
export type EarningsLine = Schemas['EarningsLineOut']
export type Filter = 'all' | 'unread' | 'waiting'

const CARDS = ['studio', 'cards']
const HEAD = ['studio', 'head']
const PRICES = ['studio', 'prices']
const VAULT = ['studio', 'vault']

export function useCards(filter: Filter) {
  return useInfiniteQuery({
    queryKey: [...CARDS, filter],
    queryFn: ({ pageParam }) =>
      ask(rest.GET('/api/conversations', { params: { query: { filter, before: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

export function useHead(conversationId: string) {
  return useQuery({
    queryKey: [...HEAD, conversationId],
    queryFn: () =>
      ask(
        rest.GET('/api/conversations/{conversation_id}', {
          params: { path: { conversation_id: conversationId } },
        }),
      ),
  })
}

export function usePrices() {
  return useQuery({ queryKey: PRICES, queryFn: () => ask(rest.GET('/api/studio/prices')) })
}

/** Why a message of this fan costs what it does; asked when there is a fan. */
export function useWhy(fanId: string) {
  return useQuery({
    queryKey: [...PRICES, 'why', fanId],
    queryFn: () =>
      ask(rest.GET('/api/studio/prices/why', { params: { query: { fan_id: fanId } } })),
    enabled: fanId !== '',
  })
}

/** How a price is shared; nothing while it is no price. */
export function useSplit(cents: number | null) {
  return useQuery({
    queryKey: ['studio', 'split', cents],
    queryFn: () =>
      ask(rest.GET('/api/studio/prices/split', { params: { query: { price_cents: cents ?? 0 } } })),
    enabled: cents !== null && cents > 0,
    staleTime: Infinity,
    placeholderData: (before) => before,
    retry: false,
  })
}

export function useVault() {
  return useInfiniteQuery({
    queryKey: VAULT,
    queryFn: ({ pageParam }) =>
      ask(rest.GET('/api/studio/media', { params: { query: { before: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_before,
  })
}

export function useEarnings() {
  return useInfiniteQuery({
    queryKey: ['studio', 'earnings'],
    queryFn: ({ pageParam }) =>
      ask(rest.GET('/api/studio/earnings', { params: { query: { before: pageParam } } })),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.lines.next,
  })
}

/** How to ask again what an act has changed. */
export function useRefresh() {
  const queries = useQueryClient()
  const again = (queryKey: QueryKey) => void queries.invalidateQueries({ queryKey })
  return {
    cards: () => {
      again(CARDS)
      again(HEAD)
    },
    prices: () => {
      again(PRICES)
      again(CARDS)
      again(HEAD)
    },
    vault: () => again(VAULT),
  }
}

const CARD_NEWS = new Set([
  'message_delivered',
  'message_unsent',
  'message_edited',
  'answer_captured',
  'answer_refunded',
  'price_changed',
  'read',
  'conversation_paused',
  'conversation_resumed',
  'conversation_ended',
])

/** Keep the list and the heads as the frames say. */
export function useStudioNews(): void {
  const refresh = useRefresh()
  useFrames((frame) => {
    if (CARD_NEWS.has(frame.t)) refresh.cards()
  })
}
