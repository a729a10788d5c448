/** The context of a conversation where there is no room for its pane. */
import { useTranslation } from 'react-i18next'
import { Sheet } from '../../../ui/Dialog'
import { Context } from './Context'
import type { Head } from './HeadBar'

export default function ContextSheet({ head, onClose }: { head: Head; onClose: () => void }) {
  const { t } = useTranslation('fan')
  return (
    <Sheet open onClose={onClose} title={t('context.title')}>
      <Context head={head} />
    </Sheet>
  )
}
