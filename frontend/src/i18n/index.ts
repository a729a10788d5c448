/** Catalogues, loaded by language and namespace when first asked for; switching needs no reload. */
import i18next, { type BackendModule, type i18n } from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import type { Language } from '../core/money'

export const LANGUAGES: readonly Language[] = ['fr', 'en']

const files = import.meta.glob<Record<string, unknown>>('./*/*.json', { import: 'default' })

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, answer) => {
    const load = files[`./${language}/${namespace}.json`]
    if (!load) return answer(new Error(`no catalogue ${language}/${namespace}`), null)
    load().then(
      (words) => answer(null, words),
      (error: unknown) => answer(error as Error, null),
    )
  },
}

/** Start with the language the server chose; resolves when the common words are there. */
export async function startI18n(language: Language): Promise<i18n> {
  const words = i18next.use(backend).use(initReactI18next)
  await words.init({
    lng: language,
    fallbackLng: false,
    supportedLngs: [...LANGUAGES],
    ns: ['common'],
    defaultNS: 'common',
    interpolation: { escapeValue: false }, // React escapes
    react: { useSuspense: true },
  })
  return words
}

/** Have these words before the screens that speak them: a mounted screen then never waits again. */
export async function loadWords(...namespaces: readonly string[]): Promise<void> {
  await i18next.loadNamespaces(namespaces)
}

/** The language of the screens now. */
export function useLanguage(): Language {
  return useTranslation().i18n.language as Language
}

/** Change the words on the screen at once. */
export async function setLanguage(language: Language): Promise<void> {
  await i18next.changeLanguage(language)
  document.documentElement.lang = language
}
