/** Opens the store of who is signed in, and closes it without leaving anything behind. */
import { auth, whoAmI, type Me } from './auth'
import { openDisk } from './disk'
import { call, rest } from './rest'
import { Store, type Wallet } from './store'

const SHARED = 'aparte-shared-device'

export const sharedDevice = {
  get: (): boolean => localStorage.getItem(SHARED) === '1',
  set: (shared: boolean): void => {
    if (shared) localStorage.setItem(SHARED, '1')
    else localStorage.removeItem(SHARED)
  },
}

export function socketUrl(page: URL): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/ws`
}

/** A store for this account, not yet started. */
export async function openStore(me: Me, onCaughtUp: () => void): Promise<Store> {
  const page = new URL(location.href)
  return new Store({
    accountId: me.id,
    role: me.role,
    disk: await openDisk(me.id, sharedDevice.get()),
    url: socketUrl(page),
    wire: page.searchParams.get('wire') === 'json' ? 'json' : 'msgpack',
    sessionAlive: async () => {
      const now = await whoAmI()
      return now === undefined ? null : now?.id === me.id
    },
    loadWallet: me.role === 'fan' ? loadWallet : () => Promise.resolve(null),
    onCaughtUp,
    onBug: (what) => console.error(`aparté: ${what}`),
  })
}

async function loadWallet(): Promise<Wallet | null> {
  const result = await call(rest.GET('/api/wallet'))
  if (!result.ok) return null
  const { balance_cents: balanceCents, reserved_cents: reservedCents } = result.data
  return { balanceCents, reservedCents }
}

/** Sign out: the session ends, and drafts and outbox of this account leave the device. */
export async function signOut(store: Store): Promise<void> {
  store.stop()
  await auth.signOut()
  await store.disk.erase()
}
