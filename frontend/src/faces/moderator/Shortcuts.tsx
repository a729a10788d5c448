/** `?` lists the keys that work here and now. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { active, keysOf, useShortcuts } from '../../core/keys'
import { Dialog } from '../../ui/Dialog'
import { useCode } from './words'
import styles from './desk.module.css'

export function Shortcuts() {
  const { t } = useTranslation(['moderator', 'common'])
  const say = useCode()
  const [shown, setShown] = useState(false)
  useShortcuts([{ id: 'desk.help', keys: '?', run: () => setShown(true) }])
  return (
    <Dialog open={shown} onClose={() => setShown(false)} title={t('common:title.shortcuts')}>
      <p className={styles.quiet}>{t('common:shortcuts.intro')}</p>
      <dl className={styles.keys}>
        {[...active].map((shortcut) => (
          <div key={shortcut.id}>
            <dt>
              <kbd>{keysOf(shortcut)}</kbd>
            </dt>
            <dd>{say('key', shortcut.id)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
