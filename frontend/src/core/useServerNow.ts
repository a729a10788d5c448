/** The server's time, told again every so often: for the clocks on a screen. */
import { useEffect, useState } from 'react'
import { serverNow } from './time'

export function useServerNow(everyMs: number): number {
  const [now, setNow] = useState(() => serverNow())
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
