/** The paths of this face, which the shell knows before its code is loaded. */
import type { FaceRoute } from '../../routes'

export const fanRoutes: readonly FaceRoute[] = [
  {
    path: '/messages',
    title: 'fan:inbox.title',
    nav: { label: 'common:nav.messages', icon: 'messages' },
  },
  { path: '/messages/:id', title: 'fan:conversation.title' },
  {
    path: '/discover',
    title: 'fan:discover.title',
    nav: { label: 'common:nav.discover', icon: 'discover' },
  },
  {
    path: '/wallet',
    title: 'fan:wallet.title',
    nav: { label: 'common:nav.wallet', icon: 'wallet' },
  },
  { path: '/library', title: 'fan:library.title' },
  { path: '/decisions', title: 'fan:decisions.title' },
]
