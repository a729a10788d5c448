/** The writes of price rules: each answers the whole sheet again, and says why when refused. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { call, rest, type Result } from '../../../core/rest'
import { refusalText } from '../../../core/words'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { toaster } from '../../../ui/Toast'
import { useRefresh, type Prices } from '../studio'

type Terms = components['schemas']['TermsIn']

export function useChangePrices() {
  const { t } = useTranslation()
  const language = useLanguage()
  const queries = useQueryClient()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const change = async (pending: Promise<Result<Prices>>): Promise<boolean> => {
    setBusy(true)
    setError('')
    const result = await pending
    setBusy(false)
    if (!result.ok) setError(refusalText(t, result.refusal, language))
    if (result.ok) {
      queries.setQueryData(['studio', 'prices'], result.data)
      refresh.prices()
      toaster.show({ text: t('app.saved'), icon: 'check' })
    }
    return result.ok
  }
  const of = (fanId: string) => ({ path: { fan_id: fanId } })
  return {
    busy,
    error,
    terms: (body: Terms) => change(call(rest.PUT('/api/studio/prices', { body }))),
    fanPrice: (fanId: string, cents: number) =>
      change(
        call(
          rest.PUT('/api/studio/prices/fans/{fan_id}', {
            params: of(fanId),
            body: { price_cents: cents },
          }),
        ),
      ),
    clearFanPrice: (fanId: string) =>
      change(call(rest.DELETE('/api/studio/prices/fans/{fan_id}', { params: of(fanId) }))),
    freeList: (fanId: string, on: boolean) => {
      const params = of(fanId)
      return change(
        on
          ? call(rest.PUT('/api/studio/free-list/{fan_id}', { params }))
          : call(rest.DELETE('/api/studio/free-list/{fan_id}', { params })),
      )
    },
  }
}
