/** What surrounds every page: skip links, header, navigation, connection line, test ribbon. */
import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy, useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { ask, rest } from '../core/rest'
import { useSession } from '../core/session'
import { routesOf, type Route } from '../routes'
import { IconButton } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { classes } from '../ui/classes'
import { ConnectionLine } from './Line'
import styles from './Frame.module.css'

const PILL = {
  fan: lazy(() => import('./BalancePill')),
  creator: lazy(() => import('./EarningsPill')),
  moderator: null, // sees no amount
}

/** The settings of this server that the client must know. */
export function useConfig() {
  return useQuery({
    queryKey: ['config'],
    queryFn: () => ask(rest.GET('/api/config')),
    staleTime: Infinity,
  }).data
}

export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const { me, signOut } = useSession()
  const { t } = useTranslation(['common', me.role])
  const Pill = PILL[me.role]
  const [location] = useLocation()
  usePageFocus(location, t(title as 'title.me'))
  return (
    <div className={styles.frame} data-density={me.role === 'moderator' ? 'console' : undefined}>
      <a className={styles.skip} href="#content">
        {t('frame.skip_content')}
      </a>
      <a className={styles.skip} href="#navigation">
        {t('frame.skip_navigation')}
      </a>
      <header className={styles.header}>
        <Link href="/" className={styles.name}>
          {t('app.name')}
        </Link>
        <TestRibbon />
        <span className={styles.gap} />
        <Suspense>{Pill && <Pill />}</Suspense>
        <IconButton icon="sign_out" label={t('frame.sign_out')} onClick={() => void signOut()} />
      </header>
      <ConnectionLine onSignIn={() => void signOut()} />
      <Navigation routes={routesOf(me.role)} />
      <main id="content" className={styles.content} tabIndex={-1}>
        {children}
      </main>
    </div>
  )
}

function TestRibbon() {
  const { t } = useTranslation()
  const { me } = useSession()
  if (useConfig()?.payments !== 'test' || me.role === 'moderator') return null
  return (
    <p className={styles.ribbon} title={t('frame.test_mode_note')}>
      {t('frame.test_mode')}
    </p>
  )
}

function Navigation({ routes }: { routes: readonly Route[] }) {
  const { t } = useTranslation()
  const [location] = useLocation()
  const offered = routes.flatMap(({ path, nav }) => (nav ? [{ path, ...nav }] : []))
  const around = offered.filter(({ path }) => `${location}/`.startsWith(`${path}/`))
  const here = around.sort((a, b) => b.path.length - a.path.length)[0]?.path // the nearest one
  return (
    <nav id="navigation" className={styles.navigation} aria-label={t('nav.label')} tabIndex={-1}>
      {offered.map((entry) => (
        <NavLink key={entry.path} path={entry.path} here={entry.path === here}>
          <Icon name={entry.icon} />
          <span>{t(entry.label as 'nav.me')}</span>
        </NavLink>
      ))}
    </nav>
  )
}

function NavLink({ path, here, children }: { path: string; here: boolean; children: ReactNode }) {
  return (
    <Link
      href={path}
      className={classes(styles.entry, here && styles.here)}
      aria-current={here ? 'page' : undefined}
    >
      {children}
    </Link>
  )
}

/** After a change of page its title is set and its `h1` has the focus (A4). */
function usePageFocus(location: string, title: string): void {
  useEffect(() => {
    document.title = `${title} · Aparté`
  }, [title])
  useEffect(() => {
    const content = document.getElementById('content')
    if (!content || document.activeElement?.closest('[role=dialog]')) return
    const focus = () => {
      const heading = content.querySelector<HTMLElement>('h1')
      heading?.focus({ preventScroll: true })
      return heading !== null
    }
    if (focus()) return
    const observer = new MutationObserver(() => {
      if (focus()) observer.disconnect() // a lazy page draws its title later
    })
    observer.observe(content, { childList: true, subtree: true })
    return () => observer.disconnect()
  }, [location])
}
