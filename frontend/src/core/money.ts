/** The only formatter of cents. Amounts are euros with VAT, two decimals, in the reader's language. */
export type Language = 'fr' | 'en'

const LOCALE: Record<Language, string> = { fr: 'fr-FR', en: 'en-IE' }
const formats = new Map<Language, Intl.NumberFormat>()

function format(language: Language): Intl.NumberFormat {
  let known = formats.get(language)
  if (!known) {
    known = new Intl.NumberFormat(LOCALE[language], { style: 'currency', currency: 'EUR' })
    formats.set(language, known)
  }
  return known
}

/** 123456 is "1 234,56 €" or "€1,234.56": no-break spaces, and a true minus sign. */
export function money(cents: number, language: Language): string {
  return format(language)
    .format(cents / 100)
    .replaceAll('\u202f', '\u00a0') // no font of ours has the narrow one
    .replaceAll('-', '\u2212')
}

/** What a person typed, as cents: "2", "2,5", "2.50 €". Null when it is no amount. */
export function parseMoney(text: string): number | null {
  const match = /^\s*€?\s*(\d{1,7})(?:[.,](\d{1,2}))?\s*€?\s*$/.exec(text.replaceAll('\u00a0', ' '))
  if (!match) return null
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}
