/** What a decision does after its press: five seconds to undo, then out; and which case is next. */
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { call, rest, type Result } from '../../../core/rest'
import { refusalText } from '../../../core/words'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { toaster } from '../../../ui/Toast'
import { ALL_QUEUES, caseHref, queueHref, queuePage, useChosenQueue, useDeskRefresh } from '../desk'
import { departures, type Judgement } from './departures'

export type Then = 'queue' | 'next'

export function useDepart(caseId: string): (judgement: Judgement, then: Then) => Promise<void> {
  const { t } = useTranslation(['moderator', 'common'])
  const language = useLanguage()
  const queue = useChosenQueue()
  const [, navigate] = useLocation()
  const refresh = useDeskRefresh()
  const reopen = () => navigate(caseHref(caseId, queue))

  const heard = (result: Result<components['schemas']['DecisionOut']>) => {
    refresh()
    if (result.ok) return toaster.show({ text: t(`depart.${result.data.state}`), icon: 'check' })
    const text = t('depart.refused', { reason: refusalText(t as never, result.refusal, language) })
    return toaster.show({ text, icon: 'alert', action: { label: t('depart.open'), run: reopen } })
  }
  const send = async (body: Judgement) => {
    const params = { path: { case_id: caseId } }
    heard(await call(rest.POST('/api/desk/cases/{case_id}/decide', { params, body })))
  }
  return async (judgement, then) => {
    const undo = () => {
      if (departures.undo(caseId, judgement)) reopen()
    }
    const close = toaster.show({
      text: t(`depart.${judgement.outcome}`),
      icon: 'clock',
      action: { label: t('depart.undo'), run: undo },
    })
    departures.leave(caseId, () => {
      close()
      void send(judgement)
    })
    navigate(then === 'next' ? await nextHref(caseId, queue) : queueHref(queue))
  }
}

/** The gravest case of the queue that nobody works on; the queue itself when there is none. */
async function nextHref(decidedId: string, queue: string): Promise<string> {
  try {
    const { cases } = await queuePage(queue || ALL_QUEUES, null)
    const free = cases.find(
      ({ id, holder }) => id !== decidedId && !departures.has(id) && (!holder || holder.is_me),
    )
    return free ? caseHref(free.id, queue) : queueHref(queue)
  } catch {
    return queueHref(queue)
  }
}
