import { describe, expect, it } from 'vitest'
import type { Refusal, Result } from '../src/core/rest'
import type { Media } from '../src/faces/creator/studio'
import { PART_BYTES, Uploads, type UploadPort } from '../src/faces/creator/vault/uploads'

type Step = Result<Media>
const no = (code: string, facts: object = {}): Step => ({
  ok: false,
  refusal: { code, detail: '', ...facts } as Refusal,
})

/** A vault that keeps one file; `trouble` answers instead, first come first used. */
class Vault implements UploadPort {
  calls: string[] = []
  offset = 0
  trouble: Record<string, Step[]> = {}
  constructor(private readonly size: number) {}
  waits = 0
  media(state: string): Step {
    return { ok: true, data: { media_id: 'p1', state, offset: this.offset, declared_bytes: this.size } as Media }
  }
  private answer(call: string, own: () => Step): Promise<Step> {
    this.calls.push(call)
    return Promise.resolve(this.trouble[call.split(' ')[0]!]?.shift() ?? own())
  }
  start = () => this.answer('start', () => this.media('uploading'))
  look = () => this.answer('look', () => this.media('uploading'))
  part = (_: string, offset: number, part: Blob) =>
    this.answer(`part ${offset}`, () => {
      this.offset = offset + part.size
      return this.media(this.offset === this.size ? 'ready' : 'uploading')
    })
  wait = () => {
    this.waits += 1
    return Promise.resolve()
  }
} // prettier-ignore

const file = (size: number) => new File([new Uint8Array(size)], 'scene.jpg', { type: 'image/jpeg' })
const ended = async (uploads: Uploads) => {
  await uploads.run()
  while (uploads.items.some(({ status }) => ['waiting', 'sending', 'checking'].includes(status))) {
    await new Promise((resolve) => setTimeout(resolve))
  }
  return uploads.items[0]!
}

const SIZE = 2 * PART_BYTES + 10

describe('an upload', () => {
  it('goes in parts, each where the last one ended', async () => {
    const vault = new Vault(SIZE)
    const uploads = new Uploads(vault)
    uploads.add([file(SIZE)])
    expect(await ended(uploads)).toMatchObject({ status: 'ready', sentBytes: SIZE })
    expect(vault.calls).toEqual(['start', 'part 0', `part ${PART_BYTES}`, `part ${2 * PART_BYTES}`])
  })

  it('after a broken line asks where it stands, and repeats nothing that arrived', async () => {
    const vault = new Vault(SIZE)
    vault.trouble = { part: [no('offline')] }
    const uploads = new Uploads(vault)
    uploads.add([file(SIZE)])
    vault.offset = PART_BYTES // it had arrived; only its answer was lost
    expect(await ended(uploads)).toMatchObject({ status: 'ready' })
    expect(vault.calls.filter((call) => call === 'part 0')).toHaveLength(1)
    expect(vault.calls.slice(-3)).toEqual(['look', `part ${PART_BYTES}`, `part ${2 * PART_BYTES}`])
  })

  it('pauses after five silences in a row, and goes on when resumed', async () => {
    const vault = new Vault(10)
    vault.trouble = { part: [no('offline')], look: Array.from({ length: 5 }, () => no('offline')) }
    const uploads = new Uploads(vault)
    uploads.add([file(10)])
    const item = await ended(uploads)
    expect(item.status).toBe('paused')
    uploads.resume(item.clientId)
    expect(await ended(uploads)).toMatchObject({ status: 'ready' })
  })

  it('waits between looks while its picture is being made', async () => {
    const vault = new Vault(10)
    const made = ['processing', 'processing', 'ready'].map((state) => vault.media(state))
    vault.trouble = { part: [vault.media('processing')], look: made }
    const uploads = new Uploads(vault)
    uploads.add([file(10)])
    expect(await ended(uploads)).toMatchObject({ status: 'ready' })
    expect(vault.waits).toBe(3)
  })

  it('fails for good when the file itself is refused', async () => {
    const vault = new Vault(10)
    vault.trouble = { part: [no('file_type', { accepted: ['JPEG'] })] }
    const uploads = new Uploads(vault)
    uploads.add([file(10)])
    expect(await ended(uploads)).toMatchObject({ status: 'failed', refusal: { code: 'file_type' } })
    expect(vault.calls).toEqual(['start', 'part 0'])
  })

  it('of an earlier visit goes on with the same file alone', async () => {
    const vault = new Vault(SIZE)
    const uploads = new Uploads(vault)
    const media = { media_id: 'p1', offset: PART_BYTES, declared_bytes: SIZE } as Media
    expect(uploads.goOn(media, file(SIZE - 1))).toBe(false)
    expect(uploads.goOn(media, file(SIZE))).toBe(true)
    expect(await ended(uploads)).toMatchObject({ status: 'ready' })
    expect(vault.calls[0]).toBe(`part ${PART_BYTES}`)
  })

  it('paused by the person stays paused until resumed', async () => {
    const vault = new Vault(SIZE)
    const uploads = new Uploads(vault)
    uploads.subscribe(() => {
      const [item] = uploads.items
      if (item?.status === 'sending' && item.sentBytes === PART_BYTES) uploads.pause(item.clientId)
    })
    uploads.add([file(SIZE)])
    expect(await ended(uploads)).toMatchObject({ status: 'paused', sentBytes: PART_BYTES })
  })
})
