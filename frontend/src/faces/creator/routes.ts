/** The paths of this face, which the shell knows before its code is loaded. */
import type { FaceRoute } from '../../routes'

export const creatorRoutes: readonly FaceRoute[] = [
  {
    path: '/studio',
    title: 'creator:inbox.title',
    nav: { label: 'common:nav.messages', icon: 'messages' },
  },
  {
    path: '/studio/vault',
    title: 'creator:vault.title',
    nav: { label: 'common:nav.vault', icon: 'image' },
  },
  {
    path: '/studio/prices',
    title: 'creator:prices.title',
    nav: { label: 'common:nav.prices', icon: 'stub' },
  },
  {
    path: '/studio/earnings',
    title: 'creator:earnings.title',
    nav: { label: 'common:nav.earnings', icon: 'chart' },
  },
  { path: '/studio/:id', title: 'creator:conversation.title' },
]
