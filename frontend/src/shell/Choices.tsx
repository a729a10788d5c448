/** Language and theme, wherever they are offered. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Language } from '../core/money'
import { THEMES, chooseLanguage, chooseTheme, currentTheme, type Theme } from '../core/preferences'
import { LANGUAGES, useLanguage } from '../i18n'
import { Select } from '../ui/Field'
import styles from './Frame.module.css'

export function Choices({ signedIn }: { signedIn: boolean }) {
  const { t } = useTranslation()
  const language = useLanguage()
  const [theme, setTheme] = useState(currentTheme)
  return (
    <div className={styles.choices}>
      <Select
        label={t('frame.language')}
        value={language}
        options={LANGUAGES.map((value) => ({ value, label: t(`frame.language_${value}`) }))}
        onChange={(event) => void chooseLanguage(event.target.value as Language, signedIn)}
      />
      <Select
        label={t('frame.theme')}
        value={theme}
        options={THEMES.map((value) => ({ value, label: t(`frame.theme_${value}`) }))}
        onChange={(event) => {
          setTheme(event.target.value as Theme)
          chooseTheme(event.target.value as Theme)
        }}
      />
    </div>
  )
}
