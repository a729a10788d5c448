/** Blind moderation is a property of what is built, not only of what is written. */
import { resolve } from 'node:path'
import { build, type Manifest, type Rolldown } from 'vite'
import { beforeAll, describe, expect, it } from 'vitest'

const FORBIDDEN = ['ui/Money.tsx', 'ui/Stub.tsx', 'timeline/ReceiptStrip.tsx']
const ENTRY = 'index.html'
const face = (name: string) => `src/faces/${name}/index.tsx`

let manifest: Manifest
let modules: Map<string, readonly string[]>

beforeAll(async () => {
  const root = resolve(import.meta.dirname, '..')
  const made = await build({ root, logLevel: 'error', build: { write: false, manifest: true } })
  const { output } = made as Rolldown.RolldownOutput
  modules = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.moduleIds] as const] : [])))
  const file = output.find(({ fileName }) => fileName.endsWith('manifest.json'))
  manifest = JSON.parse(String(file?.type === 'asset' ? file.source : '')) as Manifest
}, 60_000) // prettier-ignore

/** Every module a browser can load from these chunks: at once, and later. */
function loaded(start: string[], lazy: boolean): string[] {
  const seen = new Set<string>()
  const todo = [...start]
  for (let key = todo.pop(); key; key = todo.pop()) {
    if (seen.has(key)) continue
    seen.add(key)
    todo.push(...(manifest[key]?.imports ?? []), ...(lazy ? (manifest[key]?.dynamicImports ?? []) : []))
  }
  return [...seen].flatMap((key) => [...(modules.get(manifest[key]?.file ?? '') ?? [])])
} // prettier-ignore

const found = (all: string[]) =>
  FORBIDDEN.filter((name) => all.some((id) => id.endsWith(`/src/${name}`)))

describe('the build', () => {
  it('gives a moderator no component that shows an amount', () => {
    const all = loaded([face('moderator')], true)
    expect(all.some((id) => id.endsWith('faces/moderator/case/CasePage.tsx'))).toBe(true)
    expect(found(all)).toEqual([])
  })

  it('puts none into what every face loads first', () => {
    expect(found(loaded([ENTRY], false))).toEqual([])
  })

  it('would show it: the creator has amounts', () => {
    expect(found(loaded([face('creator')], true))).toEqual(['ui/Money.tsx', 'ui/Stub.tsx'])
  })
})
