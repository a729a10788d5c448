/** Mounts the client: words first, then the application. */
import { QueryClient } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RefusalError } from './core/rest'
import { startI18n } from './i18n'
import { App } from './shell/App'
import './ui/base.css'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // A refusal is an answer; only silence is worth asking again.
      retry: (failures, error) =>
        failures < 2 && error instanceof RefusalError && error.refusal.code === 'offline',
    },
  },
})

await startI18n(document.documentElement.lang === 'en' ? 'en' : 'fr')
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App queries={queries} />
    </StrictMode>,
  )
}
