/** How the message was looked at: which detectors were off and why, and which rules spoke unheard. */
import { useTranslation } from 'react-i18next'
import { longDay } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import type { Case } from '../desk'
import { useCode } from '../words'
import styles from './Case.module.css'

type Off = Case['screening']['off'][number]
const REASONS = ['missing', 'ended', 'unknown'] as const

export function Screening({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const say = useCode()
  const { off, shadow, country, channel } = found.screening
  const place = { country, channel: say('channel', channel) }
  return (
    <>
      {REASONS.map((why) => (
        <Detectors
          key={why}
          words={t(`off.${why}`, place)}
          off={off.filter((detector) => detector.why === why)}
        />
      ))}
      {shadow.length > 0 && (
        <div className={styles.looked}>
          <p>{t('evidence.shadow')}</p>
          <ul>
            {shadow.map((rule) => (
              <li key={rule}>
                <code>{rule}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}

/** Those that were off for one reason, each with the last day of the basis it had. */
function Detectors({ words, off }: { words: string; off: readonly Off[] }) {
  const { t } = useTranslation('moderator')
  const language = useLanguage()
  const name = useDetector()
  if (off.length === 0) return null
  return (
    <div className={styles.looked}>
      <p>{words}</p>
      <ul>
        {off.map(({ detector, until }) => (
          <li key={detector}>
            {name(detector)}
            {until && ` (${t('off.until', { day: longDay(until, language) })})`}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The name of a detector of the basis table; a group of rules by the name of its packs. */
function useDetector(): (detector: string) => string {
  const { t } = useTranslation('moderator')
  const say = useCode()
  return (detector) =>
    detector.startsWith('rules.')
      ? t('detector.rules', { group: detector.slice('rules.'.length) })
      : say('detector', detector)
}
