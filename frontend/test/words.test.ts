import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import i18next from 'i18next'
import { describe, expect, it } from 'vitest'
import { NEEDS, refusalText } from '../src/core/words'
import { REFUSAL_CODES, type Refused } from '../src/gen/protocol'
import { setLanguage } from '../src/i18n'
import { ROUTES } from '../src/routes'

const FOLDER = join(import.meta.dirname, '../src/i18n')
const NAMESPACES = readdirSync(join(FOLDER, 'fr')).map((name) => name.replace('.json', ''))
type Words = Record<string, string>

function catalogue(language: string, namespace: string): Words {
  const file = readFileSync(join(FOLDER, language, `${namespace}.json`), 'utf8')
  return flat(JSON.parse(file) as object, '')
}

function flat(value: object, prefix: string): Words {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
      typeof item === 'string'
        ? [[prefix + key, item]]
        : Object.entries(flat(item as object, `${prefix}${key}.`)),
    ),
  )
}

const PLURAL = /_(zero|one|two|few|many|other)$/
const base = (key: string) => key.replace(PLURAL, '')
const plurals = (words: Words) =>
  new Set(
    Object.keys(words)
      .filter((k) => PLURAL.test(k))
      .map(base),
  )
const holes = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort()

describe.each(NAMESPACES)('the catalogue %s', (namespace) => {
  const fr = catalogue('fr', namespace)
  const en = catalogue('en', namespace)

  it('has the same keys in both languages', () => {
    const bases = (words: Words) => [...new Set(Object.keys(words).map(base))].sort()
    expect(bases(en)).toEqual(bases(fr))
  })

  it.each([
    ['fr', fr, ['one', 'many', 'other']],
    ['en', en, ['one', 'other']],
  ] as const)('has every plural form of %s', (_, words, forms) => {
    for (const key of plurals(words)) {
      for (const form of forms) expect(words).toHaveProperty([`${key}_${form}`])
    }
  })

  it('has the same facts in both languages', () => {
    for (const [key, text] of Object.entries(fr)) {
      if (key in en && !PLURAL.test(key)) expect([key, holes(en[key]!)]).toEqual([key, holes(text)])
    }
  })

  it('has no-break spaces where French wants them', () => {
    for (const [key, text] of Object.entries(fr)) {
      expect([key, /[^\u00a0][;!?»]|[^\u00a0\d]:(?!\/)|«[^\u00a0]/.exec(text)?.[0]]).toEqual([
        key,
        undefined,
      ])
    }
  })

  it('has true apostrophes and no empty word', () => {
    for (const [key, text] of Object.entries({ ...fr, ...en })) {
      expect([key, text.includes("'")]).toEqual([key, false])
      expect([key, text.trim() !== '']).toEqual([key, true])
    }
  })
})

describe('refusals', () => {
  const facts = {
    price_cents: 300, missing_cents: 140, limit_cents: 5000, min_cents: 50, max_cents: 5000,
    retry_after_ms: 1500, max_characters: 5000, limit: 5, until: '2026-03-12T12:00:00.000Z',
    ways_in: ['follow', 'subscribe'], ref: '0a1b', accepted: 'JPEG',
  } // prettier-ignore

  it.each(['fr', 'en'] as const)(
    'have words for every code, with and without facts: %s',
    async (language) => {
      await setLanguage(language)
      for (const code of REFUSAL_CODES) {
        for (const data of [{}, facts]) {
          const refusal = { t: 'refused', r: '1', code, detail: '', ...data } as unknown as Refused
          const text = refusalText(i18next.t, refusal, language)
          expect(text).not.toMatch(/^refusal\.|{{|undefined/)
        }
      }
      await setLanguage('fr')
    },
  )

  it('need the facts that their sentence names, and no other', () => {
    const fr = catalogue('fr', 'common')
    for (const code of REFUSAL_CODES) {
      expect([code, holes(fr[`refusal.${code}`] ?? '')]).toEqual([
        code,
        [...(NEEDS[code] ?? [])].sort(),
      ])
      expect([code, `refusal.${code}_plain` in fr]).toEqual([code, code in NEEDS])
    }
  })

  it('say the price and that nothing was charged', () => {
    const refusal = { t: 'refused', r: '1', code: 'price_changed', detail: '', price_cents: 300 }
    expect(refusalText(i18next.t, refusal as Refused, 'fr')).toContain('3,00\u00a0€')
    expect(refusalText(i18next.t, refusal as Refused, 'fr')).toContain('Rien n’a été débité')
  })
})

describe('routes', () => {
  it.each(ROUTES.map((route) => [route.path, route] as const))(
    '%s has a title and words',
    (_, route) => {
      for (const key of [route.title, route.nav?.label].filter((name) => name !== undefined)) {
        const [namespace, name] = key.split(':') as [string, string]
        expect(catalogue('fr', namespace)).toHaveProperty([name])
        expect(catalogue('en', namespace)).toHaveProperty([name])
      }
    },
  )

  it('belong to one face each', () => {
    const paths = ROUTES.map((route) => route.path)
    expect(new Set(paths).size).toBe(paths.length)
  })
})
