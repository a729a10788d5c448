/** A text with the places that a rule points at. Nothing is hidden, nothing is judged. */
import { Fragment } from 'react'
import { pieces } from './spans'
import styles from './Case.module.css'

export interface MarkedProps {
  text: string
  /** Start and end of each place, counted in characters of the original text. */
  spans: readonly (readonly number[])[]
  lang: string
}

export function Marked({ text, spans, lang }: MarkedProps) {
  return (
    <p className={styles.text} lang={lang} dir="auto">
      {pieces(text, spans).map((piece, index) =>
        piece.marked ? (
          <mark key={index}>{piece.text}</mark>
        ) : (
          <Fragment key={index}>{piece.text}</Fragment>
        ),
      )}
    </p>
  )
}
