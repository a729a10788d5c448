/** Whether the row around is the one that Tab reaches: the list is one tab stop (A3). */
import { createContext, use } from 'react'

export const RowActive = createContext(true)

/** The `tabIndex` of every control inside a row. */
export function useRowTab(): 0 | -1 {
  return use(RowActive) ? 0 : -1
}
