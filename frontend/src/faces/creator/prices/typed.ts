/** An amount as one would type it into a field, in the reader's language. */
import type { Language } from '../../../core/money'

export function typed(cents: number, language: Language): string {
  const text = (cents / 100).toFixed(2)
  return language === 'fr' ? text.replace('.', ',') : text
}
