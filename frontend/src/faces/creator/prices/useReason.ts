/** The words of a price rule by its code; the code itself when there are none. */
import { useTranslation } from 'react-i18next'

export function useReason(): (code: string) => string {
  const { t } = useTranslation('creator')
  const say = t as unknown as (key: string, options: { defaultValue: string }) => string
  return (code) => say(`rule.${code}`, { defaultValue: code })
}
