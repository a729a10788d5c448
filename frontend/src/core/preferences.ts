/** Choices of this device. Theme and language are cookies: the server draws the first page by them. */
import { useSyncExternalStore } from 'react'
import { setLanguage } from '../i18n'
import type { Language } from './money'
import { call, rest } from './rest'

export type Theme = 'system' | 'light' | 'dark'
export const THEMES: readonly Theme[] = ['system', 'light', 'dark']

const YEAR_SECONDS = 31_536_000

function keepCookie(name: string, value: string): void {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`
}

export function currentTheme(): Theme {
  const theme = document.documentElement.dataset.theme
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  keepCookie('aparte_theme', theme)
}

/** Change the language here at once, and for the account, its notices and statements. */
export async function chooseLanguage(language: Language, signedIn: boolean): Promise<void> {
  await setLanguage(language)
  keepCookie('django_language', language)
  if (signedIn) await call(rest.PUT('/api/me/language', { body: { language } }))
}

/** Switches kept on this device. */
export type Switch = 'plain_list' | 'enter_sends'
const DEFAULT: Record<Switch, () => boolean> = {
  plain_list: () => false,
  enter_sends: () => !matchMedia('(pointer: coarse)').matches,
}
const listeners = new Set<() => void>()

export function switchedOn(name: Switch): boolean {
  const kept = localStorage.getItem(`aparte-${name}`)
  return kept === null ? DEFAULT[name]() : kept === '1'
}

export function turn(name: Switch, on: boolean): void {
  localStorage.setItem(`aparte-${name}`, on ? '1' : '0')
  for (const listener of listeners) listener()
}

export function useSwitch(name: Switch): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => switchedOn(name),
  )
}
