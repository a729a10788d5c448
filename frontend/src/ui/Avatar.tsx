/** A person, as a letter in the aside cut; the certification seal sits on its corner. */
import { useTranslation } from 'react-i18next'
import { Icon } from './Icon'
import styles from './Avatar.module.css'

export interface AvatarProps {
  /** The name, which stands beside it: the letter itself is decoration. */
  name: string
  certified?: boolean
  size?: 'small' | 'large'
}

export function Avatar({ name, certified = false, size = 'small' }: AvatarProps) {
  const { t } = useTranslation()
  return (
    <span className={styles.avatar} data-size={size}>
      <span className={styles.letter} aria-hidden="true">
        {String.fromCodePoint(name.trim().codePointAt(0) ?? 63).toLocaleUpperCase()}
      </span>
      {certified && (
        <span className={styles.seal}>
          <Icon name="seal" size={16} label={t('seal.certified')} />
        </span>
      )}
    </span>
  )
}
