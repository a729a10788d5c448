/** How the message was looked at: which detectors were off, and which rules spoke unheard. */
import { useTranslation } from 'react-i18next'
import type { Case } from '../desk'
import { useCode } from '../words'

export function Screening({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const say = useCode()
  const name = useDetector()
  const { off, shadow, country, channel } = found.screening
  return (
    <>
      {found.cause === 'technical' && <p>{t('evidence.technical')}</p>}
      {off.length > 0 && (
        <>
          <p>{t('evidence.off', { country, channel: say('channel', channel) })}</p>
          <ul>
            {off.map((detector) => (
              <li key={detector}>{name(detector)}</li>
            ))}
          </ul>
        </>
      )}
      {shadow.length > 0 && (
        <>
          <p>{t('evidence.shadow')}</p>
          <ul>
            {shadow.map((rule) => (
              <li key={rule}>
                <code>{rule}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
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
