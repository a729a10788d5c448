/** What survives a reload: drafts and the outbox, in one IndexedDB per account. Nothing else. */
import type { OutboxItem } from './outbox'

export interface Disk {
  items(): Promise<OutboxItem[]>
  putItem(item: OutboxItem): Promise<void>
  dropItem(clientId: string): Promise<void>
  draft(conversationId: string): Promise<string>
  putDraft(conversationId: string, text: string): Promise<void>
  /** The conversations that hold a draft. */
  drafts(): Promise<Record<string, string>>
  /** Signing out: forget everything this account left here. */
  erase(): Promise<void>
}

const VERSION = 1

/** The disk of an account; in memory when the device is shared or has no IndexedDB. */
export async function openDisk(accountId: string, shared: boolean): Promise<Disk> {
  if (shared || typeof indexedDB === 'undefined') return memoryDisk()
  try {
    return indexedDisk(await open(`aparte-${accountId}`))
  } catch {
    return memoryDisk() // private windows of some browsers refuse
  }
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION)
  request.onupgradeneeded = () => {
    request.result.createObjectStore('outbox', { keyPath: 'clientId' })
    request.result.createObjectStore('drafts')
  }
  return done(request)
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'))
  })
}

function indexedDisk(database: IDBDatabase): Disk {
  const store = (name: string, mode: IDBTransactionMode) =>
    database.transaction(name, mode).objectStore(name)
  return {
    items: () => done(store('outbox', 'readonly').getAll() as IDBRequest<OutboxItem[]>),
    putItem: async (item) => {
      await done(store('outbox', 'readwrite').put(item))
    },
    dropItem: async (clientId) => {
      await done(store('outbox', 'readwrite').delete(clientId))
    },
    draft: async (conversationId) =>
      ((await done(store('drafts', 'readonly').get(conversationId))) as string | undefined) ?? '',
    putDraft: async (conversationId, text) => {
      const drafts = store('drafts', 'readwrite')
      const request: IDBRequest = text
        ? drafts.put(text, conversationId)
        : drafts.delete(conversationId)
      await done(request)
    },
    drafts: async () => {
      const drafts = store('drafts', 'readonly')
      const [keys, texts] = await Promise.all([
        done(drafts.getAllKeys() as IDBRequest<string[]>),
        done(drafts.getAll() as IDBRequest<string[]>),
      ])
      return Object.fromEntries(keys.map((key, i) => [key, texts[i] ?? '']))
    },
    erase: async () => {
      // Emptied, not deleted: a deletion waits for other tabs, and every later visit waits for it.
      await Promise.all(['outbox', 'drafts'].map((name) => done(store(name, 'readwrite').clear())))
      database.close()
    },
  }
}

export function memoryDisk(): Disk {
  const items = new Map<string, OutboxItem>()
  const drafts = new Map<string, string>()
  return {
    items: () => Promise.resolve([...items.values()]),
    putItem: (item) => Promise.resolve(void items.set(item.clientId, item)),
    dropItem: (clientId) => Promise.resolve(void items.delete(clientId)),
    draft: (conversationId) => Promise.resolve(drafts.get(conversationId) ?? ''),
    putDraft: (conversationId, text) => {
      if (text) drafts.set(conversationId, text)
      else drafts.delete(conversationId)
      return Promise.resolve()
    },
    drafts: () => Promise.resolve(Object.fromEntries(drafts)),
    erase: () => {
      items.clear()
      drafts.clear()
      return Promise.resolve()
    },
  }
}
