/** Every path of the client: who sees it, how it is called. Tests iterate over this table. */
import type { Me } from './core/auth'
import { creatorRoutes } from './faces/creator/routes'
import { fanRoutes } from './faces/fan/routes'
import { moderatorRoutes } from './faces/moderator/routes'
import type { IconName } from './ui/Icon'

export interface FaceRoute {
  /** A wouter pattern: `/messages/:id`. */
  path: string
  /** Key of the page title, with its namespace: `fan:inbox.title`. */
  title: string
  /** Present for what the main navigation offers, in the order of the table. */
  nav?: { label: string; icon: IconName }
}

export type Role = Me['role']
export type Face = Role | 'public' | 'everybody'
export interface Route extends FaceRoute {
  face: Face
}

const publicRoutes: readonly FaceRoute[] = [
  { path: '/sign-in', title: 'common:title.sign_in' },
  { path: '/sign-up', title: 'common:title.sign_up' },
]
const sharedRoutes: readonly FaceRoute[] = [
  { path: '/me', title: 'common:title.me', nav: { label: 'common:nav.me', icon: 'person' } },
]

export const FACES: Record<Role, readonly FaceRoute[]> = {
  fan: fanRoutes,
  creator: creatorRoutes,
  moderator: moderatorRoutes,
}

const faced = (face: Face, routes: readonly FaceRoute[]): Route[] =>
  routes.map((route) => ({ ...route, face }))

/** The routes a role can reach, its own first: the first one is its home. */
export function routesOf(role: Role): readonly Route[] {
  return [...faced(role, FACES[role]), ...faced('everybody', sharedRoutes)]
}

export const ROUTES: readonly Route[] = [
  ...faced('public', publicRoutes),
  ...faced('everybody', sharedRoutes),
  ...faced('fan', fanRoutes),
  ...faced('creator', creatorRoutes),
  ...faced('moderator', moderatorRoutes),
]

export const homeOf = (role: Role): string => FACES[role][0]?.path ?? '/me'
