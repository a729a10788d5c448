/** Where a text is marked. The server counts code points; a JavaScript string counts otherwise. */

export interface Piece {
  text: string
  marked: boolean
}

/** The text cut at its spans; overlapping and touching spans are one mark. */
export function pieces(text: string, spans: readonly (readonly number[])[]): Piece[] {
  const letters = Array.from(text)
  const found: Piece[] = []
  let at = 0
  for (const [start, end] of merged(spans, letters.length)) {
    if (start > at) found.push({ text: letters.slice(at, start).join(''), marked: false })
    found.push({ text: letters.slice(start, end).join(''), marked: true })
    at = end
  }
  if (at < letters.length) found.push({ text: letters.slice(at).join(''), marked: false })
  return found
}

/** What each span says, in order: the words a finding quotes. */
export function quotes(text: string, spans: readonly (readonly number[])[]): string[] {
  return pieces(text, spans)
    .filter((piece) => piece.marked)
    .map((piece) => piece.text)
}

function merged(spans: readonly (readonly number[])[], length: number): [number, number][] {
  const inside = spans
    .map(([start = 0, end = 0]): [number, number] => [Math.max(0, start), Math.min(length, end)])
    .filter(([start, end]) => start < end)
    .sort((a, b) => a[0] - b[0])
  const whole: [number, number][] = []
  for (const span of inside) {
    const last = whole.at(-1)
    if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1])
    else whole.push(span)
  }
  return whole
}
