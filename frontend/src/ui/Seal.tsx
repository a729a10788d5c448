/** Who wrote: before every received text, as word and icon. */
import { useTranslation } from 'react-i18next'
import { Icon, type IconName } from './Icon'
import styles from './Seal.module.css'

export type AuthorKind = 'in_person' | 'assistant' | 'automatic' | 'ai_assisted'

const ICON: Record<AuthorKind, IconName> = {
  in_person: 'person',
  assistant: 'hand',
  automatic: 'robot',
  ai_assisted: 'spark',
}

export interface SealProps {
  kind: AuthorKind
  /** The display name of the assistant who wrote. */
  name?: string
}

export function Seal({ kind, name }: SealProps) {
  const { t } = useTranslation()
  const words =
    kind === 'assistant' && name ? t('seal.assistant_named', { name }) : t(`seal.${kind}`)
  return (
    <span className={styles.seal} data-seal={kind} title={t('seal.explain')}>
      <Icon name={ICON[kind]} size={16} />
      {words}
    </span>
  )
}
