/**
 * Decisions on their way out. Each waits five seconds on this page alone: taken back, or lost with
 * the page, it never was, and the case is free again when the lease ends.
 */
import type { components } from '../../../gen/api'

export const UNDO_MS = 5_000

export type Judgement = components['schemas']['DecisionIn']

export class Departures {
  private readonly waiting = new Map<string, ReturnType<typeof setTimeout>>()
  private readonly back = new Map<string, Judgement>()

  /** Send it when the time to undo is over. */
  leave(caseId: string, send: () => void): void {
    this.stop(caseId)
    this.back.delete(caseId)
    const go = () => {
      this.waiting.delete(caseId)
      send()
    }
    this.waiting.set(caseId, setTimeout(go, UNDO_MS))
  }

  /** Keep it here. False when it has left already. */
  undo(caseId: string, judgement: Judgement): boolean {
    if (!this.stop(caseId)) return false
    this.back.set(caseId, judgement)
    return true
  }

  /** Whether a decision on this case is about to leave. */
  has(caseId: string): boolean {
    return this.waiting.has(caseId)
  }

  /** What was undone last on this case, for its form to go on with. */
  undone(caseId: string): Judgement | undefined {
    return this.back.get(caseId)
  }

  private stop(caseId: string): boolean {
    clearTimeout(this.waiting.get(caseId))
    return this.waiting.delete(caseId)
  }
}

export const departures = new Departures()
