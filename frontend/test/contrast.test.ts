import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(join(import.meta.dirname, '../src/ui/tokens.css'), 'utf8')
type Mode = 'light' | 'dark'
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name, light, dark]) => [name!, { light: light!, dark: dark! }],
  ),
)

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(front: string, back: string, mode: Mode): number {
  const [a, b] = [front, back].map((name) => luminance(tokens.get(name)![mode]))
  return (Math.max(a!, b!) + 0.05) / (Math.min(a!, b!) + 0.05)
}

const surfaces = ['paper', 'card', 'hover']
const TEXT: [string, string[]][] = [
  ['ink', [...surfaces, 'stub-paper']],
  ['ink-2', surfaces],
  ['on-velvet', ['velvet']],
  ['on-velvet-2', ['velvet']],
  ['brand', surfaces],
  ['stub', ['stub-paper', 'card', 'paper']],
  ['signal', [...surfaces, 'stub-paper']],
  ['ok', surfaces],
  ['hold', surfaces],
  ['stop', surfaces],
  ['on-curtain', ['curtain']],
  ['lamp', ['curtain']],
]
const SIGNS: [string, string[]][] = [['line-strong', [...surfaces, 'stub-paper']]]

const pairs = (list: [string, string[]][]) =>
  list.flatMap(([front, backs]) =>
    backs.flatMap((back) =>
      (['light', 'dark'] as const).map((mode) => [front, back, mode] as const),
    ),
  )

describe('contrast, from tokens.css', () => {
  it.each(pairs(TEXT))('text --%s on --%s in %s is at least 4.5', (front, back, mode) => {
    expect(contrast(front, back, mode)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(pairs(SIGNS))('controls --%s on --%s in %s are at least 3', (front, back, mode) => {
    expect(contrast(front, back, mode)).toBeGreaterThanOrEqual(3)
  })

  it('the two layers of the focus ring stand out on the velvet', () => {
    expect(contrast('card', 'velvet', 'light')).toBeGreaterThanOrEqual(3)
    expect(contrast('signal', 'velvet', 'dark')).toBeGreaterThanOrEqual(3)
  })

  it('knows every colour that components use', () => {
    expect(tokens.size).toBe(20)
  })
})
