/** A report: a reason from the rule book and a note. A person reads it; the answer is in Decisions. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from '../core/hooks'
import { ask, rest } from '../core/rest'
import { refusalText } from '../core/words'
import { NOTE_MAX_CHARACTERS } from '../gen/protocol'
import { useLanguage } from '../i18n'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Select, TextArea } from '../ui/Field'
import { Icon } from '../ui/Icon'
import { toaster } from '../ui/Toast'
import type { Bubble } from './entries'
import styles from './Bubble.module.css'

export interface ReportDialogProps {
  conversationId: string
  bubble: Bubble
  onClose: () => void
}

export default function ReportDialog({ conversationId, bubble, onClose }: ReportDialogProps) {
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  const reasons = useReasons()
  const [reason, setReason] = useState('')
  const [note, setNote] = useState('')
  const [missing, setMissing] = useState(false)
  const report = useReport(conversationId, bubble, onClose)
  const send = () => {
    setMissing(reason === '')
    if (reason !== '') void report.send(reason, note.trim())
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('report.title')}
      actions={
        <>
          <Button onClick={onClose}>{t('common:app.cancel')}</Button>
          <Button kind="main" icon="flag" busy={report.busy} onClick={send}>
            {t('report.send')}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <p>{t('report.intro')}</p>
        <Select
          label={t('report.reason')}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          error={missing && reason === '' ? t('report.choose') : undefined}
          options={[
            { value: '', label: t('report.choose') },
            ...reasons.map((one) => ({
              value: one.id,
              label: language === 'fr' ? one.title_fr : one.title_en,
            })),
          ]}
        />
        <TextArea
          label={t('report.note')}
          hint={t('common:app.optional')}
          maxLength={NOTE_MAX_CHARACTERS}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <div role="alert">
          {report.error && (
            <p className={styles.stop}>
              <Icon name="alert" size={16} /> {report.error}
            </p>
          )}
        </div>
      </div>
    </Dialog>
  )
}

function useReasons() {
  const { data } = useQuery({
    queryKey: ['report-reasons'],
    queryFn: () => ask(rest.GET('/api/report-reasons')),
    staleTime: Infinity,
  })
  return data ?? []
}

function useReport(conversationId: string, bubble: Bubble, onDone: () => void) {
  const { t } = useTranslation(['timeline', 'common'])
  const { t: say } = useTranslation()
  const language = useLanguage()
  const store = useStore()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const send = async (reason: string, note: string) => {
    setBusy(true)
    const answer = await store.request({
      t: 'report',
      conversation_id: conversationId,
      message_id: bubble.messageId ?? '',
      reason,
      note: note || undefined,
    })
    setBusy(false)
    if (answer.t === 'receipt') {
      toaster.show({ text: t('report.done'), icon: 'flag' })
      return onDone()
    }
    setError(
      answer.t === 'refused' ? refusalText(say, answer, language) : t('common:refusal.offline'),
    )
  }
  return { busy, error, send }
}
