/** The fixed window of the conversation around the suspect message. */
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { clockTime, shortMoment } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import { Icon } from '../../../ui/Icon'
import type { Case, ContextLine } from '../desk'
import { useCode } from '../words'
import { Marked } from './Marked'
import styles from './Case.module.css'

export function Window({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const spans = found.findings.flatMap((finding) => finding.spans)
  const fragments = new Set(found.findings.flatMap((finding) => finding.fragments))
  return (
    <section className={styles.panel} aria-labelledby="window-title">
      <h2 id="window-title">{t('window.title')}</h2>
      <p className={styles.quiet}>{t('window.note')}</p>
      <ol className={styles.window} tabIndex={0} aria-label={t('window.title')}>
        {found.lines.map((line) => (
          <WindowLine
            key={line.message_id}
            line={line}
            language={found.language}
            spans={line.is_subject ? spans : []}
            isFragment={fragments.has(line.message_id)}
          />
        ))}
      </ol>
    </section>
  )
}

interface WindowLineProps {
  line: ContextLine
  language: string
  spans: readonly (readonly number[])[]
  /** Whether a finding of the suspect message began here. */
  isFragment: boolean
}

function WindowLine({ line, language, spans, isFragment }: WindowLineProps) {
  const { t } = useTranslation('moderator')
  const say = useCode()
  const reader = useLanguage()
  const place = useRef<HTMLLIElement>(null)
  useEffect(() => {
    const row = place.current
    if (row && line.is_subject) row.parentElement?.scrollTo({ top: row.offsetTop - 120 })
  }, [line.is_subject])
  return (
    <li
      ref={place}
      className={styles.line}
      data-subject={line.is_subject || undefined}
      data-fragment={isFragment || undefined}
      data-author={line.author}
    >
      <p className={styles.lineHead}>
        <strong>{say('author', line.author)}</strong>
        {line.author_kind !== 'in_person' && <span>{say('seal', line.author_kind)}</span>}
        <time dateTime={line.sent_at} title={shortMoment(line.sent_at, reader)}>
          {clockTime(line.sent_at, reader)}
        </time>
        <span>{say('message', line.state)}</span>
      </p>
      {(line.is_subject || isFragment) && (
        <p className={styles.suspect}>
          <Icon name="flag" size={16} />
          {t(line.is_subject ? 'window.subject' : 'window.fragment')}
        </p>
      )}
      <Marked text={line.body} spans={spans} lang={language} />
    </li>
  )
}
