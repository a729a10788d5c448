/** A place kept for what loads: nothing for 200 ms, then boxes of the true size. */
import styles from './Skeleton.module.css'
import { useTranslation } from 'react-i18next'

export interface SkeletonProps {
  rows?: number
  /** The height of what will stand there, in px. */
  height: number
}

export function Skeleton({ rows = 1, height }: SkeletonProps) {
  const { t } = useTranslation()
  return (
    <div className={styles.skeleton} role="status" aria-label={t('app.loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className={styles.row} style={{ height }} />
      ))}
    </div>
  )
}
