import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '../src/core/codec'
import { BYTES_FIELDS, ID_FIELDS, type ClientFrame } from '../src/gen/protocol'
import { uuid7 } from '../src/core/uuid7'

const FOLDER = join(import.meta.dirname, '../../tests/contract/frames')
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.msgpack'))
  .map((name) => name.replace('.msgpack', ''))
const bytes = (name: string) => Uint8Array.from(readFileSync(join(FOLDER, `${name}.msgpack`)))
const text = (name: string) => readFileSync(join(FOLDER, `${name}.json`), 'utf8')

describe('golden frames', () => {
  it('are many', () => {
    expect(names.length).toBeGreaterThan(100)
  })

  it.each(names.filter((name) => !name.startsWith('client.')))(
    'of the server mean the same in both encodings: %s',
    (name) => {
      const packed = decode(bytes(name).buffer)
      expect(packed).toEqual(decode(text(name)))
      expect(packed).toEqual(withBlobs(JSON.parse(text(name))))
    },
  )

  it.each(names.filter((name) => name.startsWith('client.')))(
    'of the client are written byte for byte: %s',
    (name) => {
      const frame = JSON.parse(text(name)) as ClientFrame
      expect(encode(frame, 'msgpack')).toEqual(bytes(name))
      expect(JSON.parse(encode(frame, 'json') as string)).toEqual(frame)
    },
  )
})

function withBlobs(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, item: unknown) =>
    (BYTES_FIELDS as readonly string[]).includes(key)
      ? Uint8Array.from(atob(item as string), (letter) => letter.charCodeAt(0))
      : item,
  )
}

describe('the codec', () => {
  it('leaves a forgotten optional out, instead of sending null', () => {
    const frame = { t: 'quote', r: '1', conversation_id: 'c', reply_to: undefined } as never
    const written = new TextDecoder('latin1').decode(encode(frame, 'msgpack') as Uint8Array)
    expect(written).not.toContain('reply_to')
  })

  it('turns ids into strings under their own names alone', () => {
    expect(ID_FIELDS).toContain('reply_to')
    expect(ID_FIELDS).not.toContain('body')
  })

  it.each([new Uint8Array([0xc1]).buffer, '[]', '7', 'null', '{"r":"1"}'])(
    'throws on what is no frame',
    (data) => {
      expect(() => decode(data)).toThrow()
    },
  )
})

describe('uuid7', () => {
  it('is version 7, carries the time, and sorts by it', () => {
    const early = uuid7(1_772_442_000_000)
    const late = uuid7(1_772_442_000_001)
    expect(early).toMatch(/^019cadc6-9a80-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(early < late).toBe(true)
    expect(uuid7(1)).not.toBe(uuid7(1))
  })
})
