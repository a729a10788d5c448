/** Single-key shortcuts (A6): scoped, remappable, switchable, silent in fields and with modifiers. */
import { useEffect, useLayoutEffect, useRef } from 'react'

export interface Shortcut {
  /** Stable name, which remapping and the help list use: `desk.open`. */
  id: string
  /** One key ("j") or two in a row ("g c"). */
  keys: string
  run: () => void
}

interface Settings {
  on: boolean
  remapped: Record<string, string>
}

const STORE = 'aparte-keys'
const SEQUENCE_MS = 1_000
const ROLES = '[role=textbox],[role=combobox],[role=searchbox],[role=menu],[role=dialog]'

export function keySettings(): Settings {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? '{}') as Partial<Settings>
    return { on: kept.on ?? true, remapped: kept.remapped ?? {} }
  } catch {
    return { on: true, remapped: {} }
  }
}

export function saveKeySettings(settings: Settings): void {
  localStorage.setItem(STORE, JSON.stringify(settings))
}

/** Whether a press is for somebody else: typing, a chord of the browser, an input method. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable || target.matches('input,textarea,select') || !!target.closest(ROLES)
  )
}

/** All shortcuts that are active now, for the list that `?` opens. */
export const active = new Set<Shortcut>()

/** The keys of a shortcut after the person's own remapping. */
export function keysOf(shortcut: Pick<Shortcut, 'id' | 'keys'>): string {
  return keySettings().remapped[shortcut.id] ?? shortcut.keys
}

/** Keep these shortcuts active while the component is mounted and `enabled`. */
export function useShortcuts(shortcuts: readonly Shortcut[], enabled = true): void {
  const latest = useRef(shortcuts)
  useLayoutEffect(() => {
    latest.current = shortcuts
  })
  useEffect(() => {
    if (!enabled) return
    const mine = latest.current
    for (const shortcut of mine) active.add(shortcut)
    const listen = listener(() => latest.current)
    addEventListener('keydown', listen)
    return () => {
      removeEventListener('keydown', listen)
      for (const shortcut of mine) active.delete(shortcut)
    }
  }, [enabled])
}

function listener(shortcuts: () => readonly Shortcut[]): (event: KeyboardEvent) => void {
  let before = { key: '', at: 0 }
  return (event) => {
    if (isTyping(event) || !keySettings().on || event.repeat) return
    const now = Date.now()
    const pair = now - before.at < SEQUENCE_MS ? `${before.key} ${event.key}` : ''
    before = { key: event.key, at: now }
    const all = shortcuts()
    const found = all.find((s) => keysOf(s) === pair) ?? all.find((s) => keysOf(s) === event.key)
    if (!found) return
    event.preventDefault()
    before = { key: '', at: 0 }
    found.run()
  }
}
