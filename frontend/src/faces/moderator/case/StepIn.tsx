/** A hand on the live conversation: read along, join, pause, end. Each act has a logged reason. */
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from '../../../core/hooks'
import { refusalText } from '../../../core/words'
import { REASON_MAX_CHARACTERS } from '../../../gen/protocol'
import { useLanguage } from '../../../i18n'
import { Button } from '../../../ui/Button'
import { Dialog } from '../../../ui/Dialog'
import { Select, TextArea } from '../../../ui/Field'
import type { IconName } from '../../../ui/Icon'
import { Skeleton } from '../../../ui/Skeleton'
import type { Case } from '../desk'
import { LiveView } from './LiveView'
import styles from './Case.module.css'

const PHRASES = ['check', 'rules', 'calm', 'safety'] as const
type PhraseKey = `step.phrase_${'fr' | 'en'}.${(typeof PHRASES)[number]}`

/** Both sides read the reason: the phrases in the language of the case come first. */
function phraseKeys(language: string): PhraseKey[] {
  const order = language === 'en' ? (['en', 'fr'] as const) : (['fr', 'en'] as const)
  return order.flatMap((one) => PHRASES.map((name): PhraseKey => `step.phrase_${one}.${name}`))
}

type Act =
  | 'watch'
  | 'step_in'
  | 'pause_conversation'
  | 'resume_conversation'
  | 'end_conversation'
  | 'step_out'
type Phase = 'out' | 'watching' | 'joined'
const ACTS: readonly { act: Act; icon: IconName; when: readonly Phase[]; danger?: boolean }[] = [
  { act: 'watch', icon: 'eye', when: ['out'] },
  { act: 'step_in', icon: 'hand', when: ['out', 'watching'] },
  { act: 'pause_conversation', icon: 'pause', when: ['joined'] },
  { act: 'resume_conversation', icon: 'play', when: ['joined'] },
  { act: 'step_out', icon: 'sign_out', when: ['watching', 'joined'] },
  { act: 'end_conversation', icon: 'block', when: ['joined'], danger: true },
]

export function StepIn({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const [reason, setReason] = useState('')
  const [ending, setEnding] = useState(false)
  const step = useStep(found)
  if (found.state !== 'open') return null
  const press = (act: Act) => {
    if (act === 'end_conversation') setEnding(true)
    else void step.run(act, reason)
  }
  return (
    <section className={styles.panel} aria-labelledby="step-title">
      <h2 id="step-title">{t('step.title')}</h2>
      <p className={styles.quiet}>{t(`step.phase_${step.phase}`)}</p>
      <Select
        label={t('step.phrases')}
        value=""
        options={[
          { value: '', label: t('step.choose_phrase') },
          ...phraseKeys(found.language).map((key) => ({ value: key, label: t(key) })),
        ]}
        onChange={(event) => setReason(event.target.selectedOptions[0]?.text ?? '')}
      />
      <TextArea
        label={t('step.reason')}
        hint={t('step.reason_hint')}
        maxLength={REASON_MAX_CHARACTERS}
        rows={2}
        value={reason}
        error={step.error}
        onChange={(event) => setReason(event.target.value)}
      />
      <div className={styles.presses}>
        {ACTS.filter(({ when }) => when.includes(step.phase)).map(({ act, icon, danger }) => (
          <Button
            key={act}
            icon={icon}
            kind={danger ? 'danger' : 'plain'}
            busy={step.busy === act}
            disabled={reason.trim() === ''}
            onClick={() => press(act)}
          >
            {t(`step.${act}`)}
          </Button>
        ))}
      </div>
      {step.phase !== 'out' && (
        <Suspense fallback={<Skeleton rows={3} height={72} />}>
          <LiveView found={found} />
        </Suspense>
      )}
      <EndDialog
        open={ending}
        onClose={() => setEnding(false)}
        onEnd={() => void step.run('end_conversation', reason)}
      />
    </section>
  )
}

interface EndDialogProps {
  open: boolean
  onClose: () => void
  onEnd: () => void
}

function EndDialog({ open, onClose, onEnd }: EndDialogProps) {
  const { t } = useTranslation(['moderator', 'common'])
  const end = () => {
    onClose()
    onEnd()
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t('step.end_title')}
      actions={
        <>
          <Button onClick={onClose}>{t('common:app.cancel')}</Button>
          <Button kind="danger" icon="block" onClick={end}>
            {t('step.end_conversation')}
          </Button>
        </>
      }
    >
      <p>{t('step.end_words')}</p>
      <p>{t('common:money.back_to_owner')}</p>
    </Dialog>
  )
}

const PHASE: Partial<Record<Act, Phase>> = { watch: 'watching', step_in: 'joined', step_out: 'out' }

/** The acts over the socket, and how far this moderator is in. */
function useStep({ id, conversation_id }: Case) {
  const { t } = useTranslation(['moderator', 'common'])
  const language = useLanguage()
  const store = useStore()
  const [phase, setPhase] = useState<Phase>('out')
  const [busy, setBusy] = useState<Act | null>(null)
  const [error, setError] = useState('')
  const run = async (act: Act, reason: string) => {
    setBusy(act)
    setError('')
    const answer = await store.request({ t: act, conversation_id, case_id: id, reason })
    setBusy(null)
    if (answer.t === 'receipt') return setPhase((now) => PHASE[act] ?? now)
    if (answer.t === 'refused') return setError(refusalText(t as never, answer, language))
    setError(t('step.unanswered'))
  }
  return { phase, busy, error, run }
}
