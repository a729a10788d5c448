/** Frames without a number are hints (S6): what they feed over REST is fetched again, once a while. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useFrames } from '../../core/hooks'
import type { ServerFrame } from '../../gen/protocol'

const GATHER_MS = 400

const FEEDS: Partial<Record<ServerFrame['t'], readonly string[]>> = {
  message_delivered: ['conversations'],
  message_withheld: ['conversations', 'conversation', 'statements'],
  message_expired: ['conversations', 'conversation', 'statements'],
  message_unsent: ['conversations'],
  message_edited: ['conversations'],
  read: ['conversations'],
  price_changed: ['conversations', 'conversation'],
  answer_captured: ['conversations', 'conversation'],
  answer_refunded: ['conversations', 'conversation'],
  media_unlocked: ['library', 'conversation'],
  wallet_changed: ['wallet-lines', 'wallet'],
}

export function useRefetching(): void {
  const queries = useQueryClient()
  const waiting = useRef(new Set<string>())
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useFrames((frame) => {
    const keys = FEEDS[frame.t]
    if (!keys) return
    for (const key of keys) waiting.current.add(key)
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      for (const key of waiting.current) void queries.invalidateQueries({ queryKey: [key] })
      waiting.current.clear()
    }, GATHER_MS)
  })
  useEffect(() => () => clearTimeout(timer.current), [])
}
