/** The only place that touches bytes: frames to and from MessagePack, or JSON with `?wire=json`. */
import { decode as unpack, encode as pack } from '@msgpack/msgpack'
import {
  BYTES_FIELDS,
  ID_FIELDS,
  SUBPROTOCOL_JSON,
  SUBPROTOCOL_MSGPACK,
  type ClientFrame,
  type ServerFrame,
} from '../gen/protocol'
import { uuidText } from './uuid7'

export type Wire = 'msgpack' | 'json'
export const SUBPROTOCOL: Record<Wire, string> = {
  msgpack: SUBPROTOCOL_MSGPACK,
  json: SUBPROTOCOL_JSON,
}

const ids: ReadonlySet<string> = new Set(ID_FIELDS)
const blobs: ReadonlySet<string> = new Set(BYTES_FIELDS)

/** One command as the server reads it; an absent optional is left out, never an explicit null. */
export function encode(frame: ClientFrame, wire: Wire): Uint8Array<ArrayBuffer> | string {
  return wire === 'json' ? JSON.stringify(frame) : pack(frame, { ignoreUndefined: true })
}

/** One server frame. Throws on bytes that are no map with a type; unknown fields are kept, unread. */
export function decode(data: ArrayBuffer | string): ServerFrame {
  const raw: unknown = typeof data === 'string' ? JSON.parse(data) : unpack(data)
  if (typeof raw !== 'object' || raw === null || !('t' in raw)) throw new Error('not a frame')
  return tidy(raw, '') as ServerFrame
}

/** The two encodings meet here: ids become strings, blobs become bytes, in either. */
function tidy(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item, key))
  if (value instanceof Uint8Array) {
    return ids.has(key) ? uuidText(value) : Uint8Array.from(value)
  }
  if (typeof value === 'string' && blobs.has(key)) {
    return Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, tidy(item, name)]))
}
