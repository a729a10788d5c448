/** A press that opens the chooser of files of the system. */
import { useRef, type ChangeEvent } from 'react'
import { Button } from '../../../ui/Button'

const ACCEPTED = 'image/jpeg,image/png,image/webp'

export interface FilePressProps {
  label: string
  multiple?: boolean
  onFiles: (files: readonly File[]) => void
}

export function FilePress({ label, multiple = false, onFiles }: FilePressProps) {
  const input = useRef<HTMLInputElement>(null)
  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    onFiles([...(event.target.files ?? [])])
    event.target.value = '' // the same file may be chosen again
  }
  return (
    <>
      <Button kind="main" icon="upload" onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        accept={ACCEPTED}
        multiple={multiple}
        onChange={chosen}
      />
    </>
  )
}
