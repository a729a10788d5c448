/** The words of the desk for what the server names by a code. */
import { useTranslation } from 'react-i18next'
import { serverNow, timeUntil, type Span } from '../../core/time'
import { useLanguage } from '../../i18n'
import { useRules, type Rule } from './desk'

/** A word of this face by a code of the server; the code itself when there is none. */
export function useCode(): (group: string, code: string) => string {
  const { t } = useTranslation('moderator')
  const say = t as unknown as (key: string, options: { defaultValue: string }) => string
  return (group, code) => say(`${group}.${code.replaceAll('.', '_')}`, { defaultValue: code })
}

/** The title of a rule in the reader's language, by its id. */
export function useRuleTitle(): (policy: string) => string {
  const rules = useRules()
  const language = useLanguage()
  return (policy) => {
    const rule = rules?.find(({ id }) => id === policy)
    return rule ? titleOf(rule, language) : policy
  }
}

export const titleOf = (rule: Rule, language: string): string =>
  language === 'en' ? rule.title_en : rule.title_fr
export const articleOf = (rule: Rule, language: string): string =>
  language === 'en' ? rule.article_en : rule.article_fr

/** How long ago, in the same units as how long until. */
export const timeSince = (at: string, nowMs: number = serverNow()): Span =>
  timeUntil(new Date(2 * nowMs - Date.parse(at)).toISOString(), nowMs)

/** "12 min", "3 h". */
export function useSpan(): (span: Span) => string {
  const { t } = useTranslation()
  return ({ unit, count }) => t(`time.${unit}`, { count })
}
