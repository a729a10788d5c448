/** What stands beside a conversation: the certification, who really answers, the money spent. */
import { useTranslation } from 'react-i18next'
import { useQuote } from '../../../core/hooks'
import { fullMoment } from '../../../core/time'
import { useLanguage } from '../../../i18n'
import { Icon } from '../../../ui/Icon'
import { Money } from '../../../ui/Money'
import { Seal, type AuthorKind } from '../../../ui/Seal'
import type { Head } from './HeadBar'
import styles from './Messages.module.css'

const PROOFS = ['identity', 'phone', 'selfie', 'bank', 'charter'] as const

export function Context({ head }: { head: Head }) {
  const { t } = useTranslation('fan')
  return (
    <div className={styles.cards2}>
      <Certification head={head} />
      <section>
        <h2>{t('context.who_answers')}</h2>
        {head.author_kinds.length === 0 ? (
          <p className={styles.soft}>{t('context.no_answer_yet')}</p>
        ) : (
          <ul className={styles.seals}>
            {head.author_kinds.map((kind) => (
              <li key={kind}>
                <Seal kind={kind as AuthorKind} />
              </li>
            ))}
          </ul>
        )}
        <p className={styles.soft}>{t('context.only_in_person')}</p>
      </section>
      <Spent head={head} />
    </div>
  )
}

function Certification({ head }: { head: Head }) {
  const { t } = useTranslation('fan')
  const language = useLanguage()
  if (!head.card.other_certified)
    return <p className={styles.soft}>{t('conversation.not_certified')}</p>
  return (
    <section>
      <h2>
        <Icon name="seal" /> {t('context.certified')}
      </h2>
      <ul className={styles.proofs}>
        {PROOFS.map((proof) => (
          <li key={proof}>
            <Icon name="check" size={16} /> {t(`context.proof.${proof}`)}
          </li>
        ))}
      </ul>
      {head.certified_at && (
        <p className={styles.soft}>
          {t('context.since', { date: fullMoment(head.certified_at, language) })}
        </p>
      )}
    </section>
  )
}

function Spent({ head }: { head: Head }) {
  const { t } = useTranslation('fan')
  const quote = useQuote(head.card.id)
  return (
    <section>
      <h2>{t('context.money')}</h2>
      <dl className={styles.sums}>
        <dt>{t('context.price')}</dt>
        <dd>
          <Money cents={quote?.price_cents ?? head.card.price_cents} />
        </dd>
        <dt>{t('context.reserved')}</dt>
        <dd>
          <Money cents={head.card.reserved_cents} />
        </dd>
        <dt>{t('context.month')}</dt>
        <dd>
          <Money cents={head.spent_month_cents ?? 0} />
        </dd>
        <dt>{t('context.ever')}</dt>
        <dd>
          <Money cents={head.spent_ever_cents ?? 0} />
        </dd>
      </dl>
    </section>
  )
}
