/** One page for both directions: what was decided about me, and what became of my reports. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { ask, rest } from '../../../core/rest'
import { fullMoment } from '../../../core/time'
import type { components } from '../../../gen/api'
import { useLanguage } from '../../../i18n'
import { Badge, type Tone } from '../../../ui/Badge'
import { Skeleton } from '../../../ui/Skeleton'
import { Failed } from '../Failed'
import styles from '../fan.module.css'

type Statement = components['schemas']['StatementOut']
type Report = components['schemas']['ReportOut']

export default function Decisions() {
  const { t } = useTranslation('fan')
  return (
    <div className={styles.page}>
      <h1 tabIndex={-1}>{t('decisions.title')}</h1>
      <p className={styles.soft}>{t('decisions.intro')}</p>
      <Statements />
      <Reports />
    </div>
  )
}

function Statements() {
  const { t } = useTranslation('fan')
  const statements = useQuery({
    queryKey: ['statements'],
    queryFn: () => ask(rest.GET('/api/statements')),
  })
  return (
    <section className={styles.section}>
      <h2>{t('decisions.about_me')}</h2>
      {statements.isPending && <Skeleton rows={2} height={80} />}
      {statements.isError && (
        <Failed error={statements.error} onRetry={() => void statements.refetch()} />
      )}
      {statements.data?.length === 0 && <p className={styles.soft}>{t('decisions.none')}</p>}
      <ul className={styles.list}>
        {statements.data?.map((statement) => (
          <li key={statement.id}>
            <StatementCard statement={statement} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function StatementCard({ statement }: { statement: Statement }) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  return (
    <article className={styles.statement} lang={statement.language}>
      <h3>{statement.title}</h3>
      <p className={styles.soft} lang={language}>
        {fullMoment(statement.at, language)} · {t('decisions.rule', { rule: statement.rule })}
      </p>
      {statement.sections.map((section) => (
        <details key={section.heading}>
          <summary>{section.heading}</summary>
          <p>{section.text}</p>
          {section.quote && <blockquote>{section.quote}</blockquote>}
        </details>
      ))}
      <a href={statement.url} lang={language}>
        {t('decisions.read')}
      </a>
    </article>
  )
}

const REPORT: Record<string, { words: 'received' | 'decided'; tone: Tone }> = {
  received: { words: 'received', tone: 'hold' },
  decided: { words: 'decided', tone: 'ok' },
}

function Reports() {
  const { t } = useTranslation('fan')
  const reports = useQuery({ queryKey: ['reports'], queryFn: () => ask(rest.GET('/api/reports')) })
  return (
    <section className={styles.section}>
      <h2>{t('decisions.my_reports')}</h2>
      {reports.isPending && <Skeleton rows={2} height={48} />}
      {reports.isError && <Failed error={reports.error} onRetry={() => void reports.refetch()} />}
      {reports.data?.length === 0 && <p className={styles.soft}>{t('decisions.no_report')}</p>}
      <ul className={styles.list}>
        {reports.data?.map((report) => (
          <li key={report.id}>
            <ReportRow report={report} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function ReportRow({ report }: { report: Report }) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  const reasons = useQuery({
    queryKey: ['report-reasons'],
    queryFn: () => ask(rest.GET('/api/report-reasons')),
    staleTime: Infinity,
  })
  const known = reasons.data?.find(({ id }) => id === report.reason)
  const title = known && (language === 'fr' ? known.title_fr : known.title_en)
  const state = REPORT[report.state]
  return (
    <article className={styles.statement}>
      <h3>{title ?? report.reason}</h3>
      <p className={styles.soft}>{fullMoment(report.at, language)}</p>
      {state && <Badge tone={state.tone}>{t(`decisions.state.${state.words}`)}</Badge>}
    </article>
  )
}
