/** All that is shown of media before they are paid: a picture 16 px long, enlarged, in its true shape. */
import { useEffect, useRef } from 'react'
import styles from './Media.module.css'

export interface LureProps {
  /** WebP bytes, as the socket and REST (there in base64) carry them. */
  bytes: Uint8Array<ArrayBuffer> | string
  width: number
  height: number
}

export function Lure({ bytes, width, height }: LureProps) {
  const image = useRef<HTMLImageElement>(null)
  useEffect(() => {
    const data = typeof bytes === 'string' ? fromBase64(bytes) : bytes
    const made = URL.createObjectURL(new Blob([data], { type: 'image/webp' }))
    if (image.current) image.current.src = made
    return () => URL.revokeObjectURL(made)
  }, [bytes])
  return (
    <div className={styles.ratio} style={{ aspectRatio: `${width} / ${height}` }}>
      <img ref={image} alt="" className={styles.lure} />
    </div>
  )
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}
