import '@testing-library/jest-dom/vitest'
import 'fake-indexeddb/auto'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'
import { loadWords, startI18n } from '../src/i18n'

await startI18n('fr')
await loadWords('fan', 'creator', 'moderator', 'timeline') // as for somebody signed in
configure({ asyncUtilTimeout: 3_000 }) // lazy parts load slowly on a busy machine

// jsdom has neither: the client asks both in ordinary use.
globalThis.matchMedia = (query: string) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => {},
    removeEventListener: () => {},
  }) as unknown as MediaQueryList
globalThis.ResizeObserver = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

afterEach(() => {
  cleanup()
  localStorage.clear()
})
