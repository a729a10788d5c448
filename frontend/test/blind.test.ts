import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = resolve(import.meta.dirname, '../src')
const FORBIDDEN = [
  'ui/Money.tsx',
  'ui/Stub.tsx',
  'timeline/ReceiptStrip.tsx',
  'shell/BalancePill.tsx',
  'shell/EarningsPill.tsx',
]

/** Every module reached from these, by imports and, when `lazy`, by `import()` too. */
function reached(entries: string[], lazy: boolean): Set<string> {
  const seen = new Set<string>()
  const todo = entries.map((entry) => join(SRC, entry))
  for (let file = todo.pop(); file; file = todo.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const target of imports(readFileSync(file, 'utf8'), lazy)) {
      const found = locate(resolve(dirname(file), target))
      if (found) todo.push(found)
    }
  }
  return new Set([...seen].map((file) => relative(SRC, file)))
}

function imports(source: string, lazy: boolean): string[] {
  const still = [...source.matchAll(/(?:^|\n)(?:import|export)(?! type)[^'"]*?['"](\.[^'"]+)['"]/g)]
  const later = lazy ? [...source.matchAll(/import\(\s*['"](\.[^'"]+)['"]/g)] : []
  return [...still, ...later].map((match) => match[1]!)
}

function locate(path: string): string | undefined {
  const tries = ['', '.ts', '.tsx', '/index.ts', '/index.tsx'].map((end) => path + end)
  return tries.find((file) => /\.tsx?$/.test(file) && existsSync(file))
}

describe('a moderator is blind to money', () => {
  it('the console reaches no component that shows an amount', () => {
    const modules = reached(['faces/moderator/index.tsx'], true)
    expect(FORBIDDEN.filter((name) => modules.has(name))).toEqual([])
  })

  it('nor does what every face loads first', () => {
    const modules = reached(['main.tsx'], false)
    expect(modules.has('shell/Frame.tsx')).toBe(true)
    expect(FORBIDDEN.filter((name) => modules.has(name))).toEqual([])
  })

  it('the search would find one: the fan’s pill shows an amount', () => {
    expect(reached(['main.tsx'], true).has('shell/BalancePill.tsx')).toBe(true)
  })
})
