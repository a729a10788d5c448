/** Choices of this person and of this device. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sharedDevice } from '../core/account'
import { keySettings, saveKeySettings } from '../core/keys'
import { turn, useSwitch } from '../core/preferences'
import { useSession } from '../core/session'
import { Button } from '../ui/Button'
import { Checkbox } from '../ui/Field'
import { Choices } from './Choices'
import styles from './pages.module.css'

export default function MePage() {
  const { t } = useTranslation()
  const { me, signOut } = useSession()
  return (
    <div className={styles.page}>
      <h1 tabIndex={-1}>{t('title.me')}</h1>
      <p>{t('me.signed_in_as', { name: me.name })}</p>
      <section className={styles.section}>
        <h2>{t('me.appearance')}</h2>
        <Choices signedIn />
      </section>
      <Accessibility />
      <Privacy />
      <Button icon="sign_out" onClick={() => void signOut()}>
        {t('frame.sign_out')}
      </Button>
    </div>
  )
}

function Accessibility() {
  const { t } = useTranslation()
  const plainList = useSwitch('plain_list')
  const enterSends = useSwitch('enter_sends')
  const [shortcuts, setShortcuts] = useState(keySettings().on)
  return (
    <section className={styles.section}>
      <h2>{t('me.accessibility')}</h2>
      <Checkbox
        label={t('me.plain_list')}
        hint={t('me.plain_list_hint')}
        checked={plainList}
        onChange={(event) => turn('plain_list', event.target.checked)}
      />
      <Checkbox
        label={t('me.enter_sends')}
        checked={enterSends}
        onChange={(event) => turn('enter_sends', event.target.checked)}
      />
      <Checkbox
        label={t('me.shortcuts_on')}
        checked={shortcuts}
        onChange={(event) => {
          setShortcuts(event.target.checked)
          saveKeySettings({ ...keySettings(), on: event.target.checked })
        }}
      />
    </section>
  )
}

function Privacy() {
  const { t } = useTranslation()
  const [shared, setShared] = useState(sharedDevice.get())
  return (
    <section className={styles.section}>
      <h2>{t('me.privacy')}</h2>
      <Checkbox
        label={t('me.shared_device')}
        hint={t('me.shared_device_hint')}
        checked={shared}
        onChange={(event) => {
          setShared(event.target.checked)
          sharedDevice.set(event.target.checked)
        }}
      />
    </section>
  )
}
