/** Three panes from 1024 px, two from 600, one below: list, conversation, context. */
import { useTranslation } from 'react-i18next'
import type { RouteComponentProps } from 'wouter'
import { classes } from '../../../ui/classes'
import { Conversation } from './Conversation'
import { Inbox } from './Inbox'
import styles from './Messages.module.css'

export function Messages({ params }: RouteComponentProps<{ id?: string }>) {
  const { t } = useTranslation('fan')
  const { id } = params
  return (
    <div className={classes(styles.panes, id !== undefined && styles.open)}>
      <Inbox openId={id} />
      {id === undefined ? (
        <p className={styles.choose}>{t('conversation.choose')}</p>
      ) : (
        <Conversation key={id} id={id} />
      )}
    </div>
  )
}
