/** The list, and beside it the open conversation: both on a desktop, one at a time on a phone. */
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { ConversationPane } from '../conversation/ConversationPane'
import { Skeleton } from '../../../ui/Skeleton'
import { useStudioNews } from '../studio'
import { InboxList } from './InboxList'
import styles from './Inbox.module.css'

export function StudioPage({ conversationId }: { conversationId: string | undefined }) {
  const { t } = useTranslation('creator')
  useStudioNews()
  return (
    <div className={styles.studio} data-open={conversationId !== undefined || undefined}>
      <InboxList chosen={conversationId} />
      {conversationId === undefined ? (
        <p className={styles.nothing}>{t('inbox.choose')}</p>
      ) : (
        <Suspense fallback={<Skeleton rows={4} height={72} />}>
          <ConversationPane key={conversationId} conversationId={conversationId} />
        </Suspense>
      )}
    </div>
  )
}
