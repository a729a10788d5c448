/**
 * Uploads of this visit: one after the other, in parts, each at the offset the server names. A
 * broken line only pauses them; a file chosen again goes on where its first bytes arrived.
 */
import { call, csrfToken, rest, type Refusal, type Result } from '../../../core/rest'
import { uuid7 } from '../../../core/uuid7'
import type { Media } from '../studio'

export const PART_BYTES = 512 * 1024
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 16_000]

export type UploadStatus = 'waiting' | 'sending' | 'paused' | 'checking' | 'ready' | 'failed'

export interface Upload {
  clientId: string
  file: File
  mediaId: string | null
  sentBytes: number
  status: UploadStatus
  refusal: Refusal | null
}

/** What an upload needs of the server. */
export interface UploadPort {
  start: (clientId: string, file: File) => Promise<Result<Media>>
  part: (mediaId: string, offset: number, part: Blob) => Promise<Result<Media>>
  look: (mediaId: string) => Promise<Result<Media>>
  wait: (ms: number) => Promise<void>
}

export class Uploads {
  items: readonly Upload[] = []
  private readonly listeners = new Set<() => void>()
  private running = false

  constructor(private readonly port: UploadPort) {}

  add(files: Iterable<File>): void {
    this.set([...this.items, ...[...files].map((file) => made(file, null, 0))])
    void this.run()
  }

  /** Go on with what an earlier visit began. False when this is another file. */
  goOn(media: Media, file: File): boolean {
    if (file.size !== media.declared_bytes) return false
    this.set([...this.items, made(file, media.media_id, media.offset)])
    void this.run()
    return true
  }

  pause(clientId: string): void {
    this.patch(clientId, (item) => (isGoing(item) ? { status: 'paused' } : {}))
  }

  resume(clientId: string): void {
    this.patch(clientId, { status: 'waiting', refusal: null })
    void this.run()
  }

  /** Take it off the list; what arrived of it lapses on the server by itself. */
  drop(clientId: string): void {
    this.set(this.items.filter((item) => item.clientId !== clientId))
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Send what waits, in order, until nothing does. */
  async run(): Promise<void> {
    if (this.running) return
    this.running = true
    try {
      for (let next = this.next(); next; next = this.next()) await this.send(next.clientId)
    } finally {
      this.running = false
    }
  }

  private next(): Upload | undefined {
    return this.items.find((item) => item.status === 'waiting')
  }

  private async send(clientId: string): Promise<void> {
    this.patch(clientId, { status: 'sending' })
    let tries = 0
    for (let item = this.find(clientId); item && isGoing(item); item = this.find(clientId)) {
      const result = await this.step(item)
      const waits = result.ok && result.data.state === 'processing'
      if (result.ok && !waits) tries = 0
      this.heard(clientId, result)
      if (result.ok ? !waits : !mayRetry(result.refusal)) continue
      const pause = RETRY_MS[tries++]
      if (pause === undefined) return this.patch(clientId, { status: 'paused' })
      await this.port.wait(pause)
    }
  }

  /** One exchange: announce the file, send its next part, or ask where it stands. */
  private step({ clientId, file, mediaId, sentBytes, refusal }: Upload): Promise<Result<Media>> {
    if (mediaId === null) return this.port.start(clientId, file)
    if (refusal) return this.port.look(mediaId)
    const part = file.slice(sentBytes, sentBytes + PART_BYTES)
    if (sentBytes + part.size >= file.size) this.patch(clientId, { status: 'checking' })
    return this.port.part(mediaId, sentBytes, part)
  }

  private heard(clientId: string, result: Result<Media>): void {
    if (!result.ok) {
      const { refusal } = result
      const status = mayRetry(refusal) ? 'sending' : 'failed'
      return this.patch(clientId, (now) => (isGoing(now) ? { refusal, status } : { refusal }))
    }
    const { media_id: mediaId, offset: sentBytes, state } = result.data
    const facts = { mediaId, sentBytes, refusal: null }
    if (state === 'ready') return this.patch(clientId, { ...facts, status: 'ready' })
    if (state === 'processing') return this.patch(clientId, { ...facts, refusal: CHECKING })
    if (state === 'uploading') return this.patch(clientId, facts)
    this.patch(clientId, { ...facts, status: 'failed', refusal: { code: 'file_type', detail: '' } })
  }

  private find(clientId: string): Upload | undefined {
    return this.items.find((item) => item.clientId === clientId)
  }

  private patch(
    clientId: string,
    change: Partial<Upload> | ((item: Upload) => Partial<Upload>),
  ): void {
    this.set(
      this.items.map((item) =>
        item.clientId === clientId
          ? { ...item, ...(typeof change === 'function' ? change(item) : change) }
          : item,
      ),
    )
  }

  private set(items: readonly Upload[]): void {
    this.items = items
    for (const listener of this.listeners) listener()
  }
}

/** The bytes are there and are being looked at elsewhere: ask again in a moment. */
const CHECKING: Refusal = { code: 'busy', detail: '' }

const made = (file: File, mediaId: string | null, sentBytes: number): Upload => ({
  clientId: uuid7(), file, mediaId, sentBytes, status: 'waiting', refusal: null,
}) // prettier-ignore

const isGoing = ({ status }: Upload): boolean => status === 'sending' || status === 'checking'

/** No answer, a crowded server, or bytes that stand elsewhere (`offset`): nothing is lost. */
function mayRetry(refusal: Refusal): boolean {
  const codes = ['offline', 'busy', 'too_fast', 'internal_error']
  return codes.includes(refusal.code) || typeof refusal.offset === 'number'
}

const byId = (mediaId: string) => ({ params: { path: { media_id: mediaId } } })

/** The bytes themselves go raw, which the generated client does not know how to say. */
async function sendPart(mediaId: string, offset: number, part: Blob) {
  const response = await fetch(`/api/studio/media/${mediaId}`, {
    method: 'PATCH',
    credentials: 'same-origin',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Upload-Offset': String(offset),
      'X-CSRFToken': csrfToken(),
    },
    body: part,
  })
  const body: unknown = await response.json().catch(() => undefined)
  return response.ok ? { response, data: body as Media } : { response, error: body }
}

export const uploads = new Uploads({
  start: (clientId, file) => {
    const body = { client_id: clientId, size_bytes: file.size, file_name: file.name.slice(0, 255) }
    return call(rest.POST('/api/studio/media', { body }))
  },
  part: (mediaId, offset, part) => call<Media>(sendPart(mediaId, offset, part)),
  look: (mediaId) => call(rest.GET('/api/studio/media/{media_id}', byId(mediaId))),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
})
