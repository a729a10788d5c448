/** The one voice for screen readers (A1): a polite outlet, merged, and an assertive one. */
import { useSyncExternalStore } from 'react'
import styles from './announcer.module.css'

const THROTTLE_MS = 1_000
const VANISH_MS = 7_000
const ZERO_WIDTH = '\u200b'

interface Said {
  polite: string
  assertive: string
}

/** Words for several events of one kind: "3 new messages". */
export type Merge = (count: number) => string

interface Waiting {
  text: string
  count: number
  merge?: Merge
}

export class Voice {
  said: Said = { polite: '', assertive: '' }
  private readonly listeners = new Set<() => void>()
  private readonly waiting = new Map<string, Waiting>()
  private readonly last: Said = { polite: '', assertive: '' }
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly vanish: Partial<Record<keyof Said, ReturnType<typeof setTimeout>>> = {}

  /**
   * Say it when there is a pause. What has one `kind` within a second is merged: by `merge` when
   * given, else the last text wins.
   */
  polite(text: string, kind: string = text, merge?: Merge): void {
    const before = this.waiting.get(kind)
    this.waiting.set(kind, { text, count: (before?.count ?? 0) + 1, merge })
    this.timer ??= setTimeout(() => this.speak(), THROTTLE_MS)
  }

  /** Say it now: a moderator joins, a pause, a forced sign-out. Nothing else is this urgent. */
  assertive(text: string): void {
    this.put('assertive', text)
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private speak(): void {
    this.timer = undefined
    const texts = [...this.waiting.values()].map(({ text, count, merge }) =>
      count > 1 && merge ? merge(count) : text,
    )
    this.waiting.clear()
    this.put('polite', texts.join(' '))
  }

  private put(outlet: keyof Said, text: string): void {
    // The same words twice are silent to some readers: an invisible letter makes them differ.
    const fresh = this.last[outlet] === text ? text + ZERO_WIDTH : text
    this.last[outlet] = fresh
    this.set({ ...this.said, [outlet]: fresh })
    clearTimeout(this.vanish[outlet])
    this.vanish[outlet] = setTimeout(() => this.set({ ...this.said, [outlet]: '' }), VANISH_MS)
  }

  private set(said: Said): void {
    this.said = said
    for (const listener of this.listeners) listener()
  }
}

export const voice = new Voice()

/** The two outlets; mounted once, by the shell. */
export function Announcer({ source = voice }: { source?: Voice }) {
  const said = useSyncExternalStore(source.subscribe, () => source.said)
  return (
    <>
      <div className={styles.outlet} role="status" aria-live="polite">
        {said.polite}
      </div>
      <div className={styles.outlet} role="alert" aria-live="assertive">
        {said.assertive}
      </div>
    </>
  )
}
