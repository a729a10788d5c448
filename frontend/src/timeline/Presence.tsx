/** One line of fixed height above the composer: typing, or who is there. Never moves the list (T3). */
import { useTranslation } from 'react-i18next'
import { usePresence, useTyping } from '../core/hooks'
import styles from './Composer.module.css'

export function Presence({ conversationId, name }: { conversationId: string; name: string }) {
  const { t } = useTranslation('timeline')
  const typing = useTyping(conversationId)
  const presence = usePresence(conversationId)
  return (
    <p className={styles.presence}>
      {typing
        ? t('presence.typing', { name })
        : presence?.online
          ? t('presence.online', { name })
          : ''}
    </p>
  )
}
