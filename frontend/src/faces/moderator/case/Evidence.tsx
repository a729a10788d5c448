/** What points at the message: the text itself, signals, notices, history and the log. */
import { useTranslation } from 'react-i18next'
import { clockTime } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import type { Case, Finding } from '../desk'
import { Severity } from '../Severity'
import { useCode, useRuleTitle } from '../words'
import { Marked } from './Marked'
import { Screening } from './Screening'
import { quotes } from './spans'
import styles from './Case.module.css'

export function Evidence({ found }: { found: Case }) {
  const { t } = useTranslation('moderator')
  const spans = found.findings.flatMap((finding) => finding.spans)
  return (
    <>
      <section className={styles.panel} aria-labelledby="text-title">
        <h2 id="text-title">{t('evidence.text')}</h2>
        <Marked text={found.body} spans={spans} lang={found.language} />
      </section>
      <section className={styles.panel} aria-labelledby="signals-title">
        <h2 id="signals-title">{t('evidence.signals')}</h2>
        <p className={styles.quiet}>{t('evidence.no_decision')}</p>
        {found.cause === 'technical' && <p>{t('evidence.technical')}</p>}
        {found.findings.map((finding) => (
          <Signal key={`${finding.rule} ${finding.view}`} finding={finding} found={found} />
        ))}
        {found.findings.length === 0 && <p>{t('evidence.no_signal')}</p>}
        <Screening found={found} />
      </section>
      <Notices reports={found.reports} />
      <section className={styles.panel} aria-labelledby="history-title">
        <h2 id="history-title">{t('evidence.history')}</h2>
        <p>{t('evidence.history_cases', { count: found.history.cases })}</p>
        <p>{t('evidence.history_withheld', { count: found.history.withheld })}</p>
        <p>{t('evidence.history_released', { count: found.history.released })}</p>
      </section>
      <Log log={found.log} />
    </>
  )
}

function Signal({ finding, found }: { finding: Finding; found: Case }) {
  const title = useRuleTitle()
  return (
    <div className={styles.signal}>
      <p className={styles.facts}>
        <strong>{title(finding.policy)}</strong>
        <Severity value={finding.severity} />
      </p>
      <p lang={found.language}>{finding.reason}</p>
      {quotes(found.body, finding.spans).map((quote, index) => (
        <q key={index} lang={found.language} className={styles.quote}>
          {quote}
        </q>
      ))}
      <Fragments finding={finding} found={found} />
      <code className={styles.quiet}>{finding.rule}</code>
    </div>
  )
}

/** The earlier messages that the found value was split over, in the order they were written. */
function Fragments({ finding, found }: { finding: Finding; found: Case }) {
  const { t } = useTranslation('moderator')
  const language = useLanguage()
  const lines = found.lines.filter((line) => finding.fragments.includes(line.message_id))
  if (lines.length === 0) return null
  return (
    <>
      <p>{t('evidence.fragments', { count: lines.length })}</p>
      <ol className={styles.fragments}>
        {lines.map((line) => (
          <li key={line.message_id}>
            <time dateTime={line.sent_at}>{clockTime(line.sent_at, language)}</time>
            <q lang={found.language} dir="auto" className={styles.quote}>
              {line.body}
            </q>
          </li>
        ))}
      </ol>
    </>
  )
}

function Notices({ reports }: { reports: Case['reports'] }) {
  const { t } = useTranslation('moderator')
  const say = useCode()
  if (reports.length === 0) return null
  return (
    <section className={styles.panel} aria-labelledby="notices-title">
      <h2 id="notices-title">{t('evidence.notices', { count: reports.length })}</h2>
      {reports.map((report, index) => (
        <div key={index} className={styles.signal}>
          <strong>{say('reason', report.reason)}</strong>
          {report.note && <p dir="auto">{report.note}</p>}
        </div>
      ))}
    </section>
  )
}

function Log({ log }: { log: Case['log'] }) {
  const { t } = useTranslation('moderator')
  const say = useCode()
  const language = useLanguage()
  return (
    <section className={styles.panel} aria-labelledby="log-title">
      <h2 id="log-title">{t('evidence.log')}</h2>
      <ol className={styles.log}>
        {log.map((line, index) => (
          <li key={index}>
            <time dateTime={line.at}>{clockTime(line.at, language)}</time>
            <span>{say('happening', line.kind)}</span>
            <span className={styles.quiet}>{line.actor ?? t('evidence.machine')}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
