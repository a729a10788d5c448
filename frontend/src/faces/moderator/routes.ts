/** The paths of this face, which the shell knows before its code is loaded. */
import type { FaceRoute } from '../../routes'

export const moderatorRoutes: readonly FaceRoute[] = [
  {
    path: '/desk',
    title: 'moderator:queue.title',
    nav: { label: 'common:nav.desk', icon: 'flag' },
  },
  { path: '/desk/cases/:id', title: 'moderator:case.title' },
]
