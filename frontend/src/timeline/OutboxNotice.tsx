/** What to do about a message that waits, asks again or failed on this device. */
import { useTranslation } from 'react-i18next'
import { useStore } from '../core/hooks'
import { money } from '../core/money'
import type { OutboxItem } from '../core/outbox'
import { useLanguage } from '../i18n'
import { Button } from '../ui/Button'
import type { Bubble } from './entries'
import { useRowTab } from './rowActive'
import { TopUpLink } from './TopUpLink'
import styles from './Bubble.module.css'

export interface OutboxNoticeProps {
  bubble: Bubble
  /** Takes the text back into the composer; the item has left the outbox. */
  onEdit: (item: OutboxItem) => void
}

export function OutboxNotice({ bubble, onEdit }: OutboxNoticeProps) {
  const { t } = useTranslation(['timeline', 'common'])
  const language = useLanguage()
  const store = useStore()
  const tab = useRowTab()
  if (bubble.source.kind !== 'outbox') return null
  const { item } = bubble.source
  if (item.status === 'sending' || item.status === 'sent') return null
  const missing = item.refusal?.missing_cents ?? 0
  const press = () => {
    const price = item.refusal?.price_cents
    void store.outbox.retry(item.clientId, price == null ? {} : { maxPriceCents: price })
    void store.refreshQuote(item.conversationId)
  }
  const takeBack = async (then?: (item: OutboxItem) => void) => {
    if (await store.outbox.discard(item.clientId)) then?.(item)
  }
  return (
    <div className={styles.unsent}>
      {item.status === 'queued' && item.maxPriceCents > 0 && (
        <p>{t('common:state.queued_price', { price: money(item.maxPriceCents, language) })}</p>
      )}
      {missing > 0 && <TopUpLink missingCents={missing} />}
      {item.status !== 'queued' && (
        <Button kind="main" icon="send" tabIndex={tab} onClick={press}>
          {pressLabel(item, t('send_free'), (price) => t('send', { price }), language)}
        </Button>
      )}
      <Button tabIndex={tab} onClick={() => void takeBack(onEdit)}>
        {t('common:app.edit')}
      </Button>
      <Button kind="quiet" tabIndex={tab} onClick={() => void takeBack()}>
        {t('common:app.delete')}
      </Button>
    </div>
  )
}

function pressLabel(
  item: OutboxItem,
  free: string,
  paid: (price: string) => string,
  language: 'fr' | 'en',
): string {
  const cents = item.refusal?.price_cents ?? item.maxPriceCents
  return cents === 0 ? free : paid(money(cents, language))
}
