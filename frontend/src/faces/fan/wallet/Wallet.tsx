/** The fan's money: balance, what waits in escrow, top-ups, and every movement with its receipt. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearch } from 'wouter'
import { useWallet } from '../../../core/hooks'
import { ask, rest } from '../../../core/rest'
import { Icon } from '../../../ui/Icon'
import { Money } from '../../../ui/Money'
import { Skeleton } from '../../../ui/Skeleton'
import { Failed } from '../Failed'
import { Lines } from './Lines'
import { TopUp } from './TopUp'
import styles from '../fan.module.css'

export default function Wallet() {
  const { t } = useTranslation('fan')
  const [credited, setCredited] = useState(false)
  const onCredited = useCallback(() => setCredited(true), [])
  const wallet = useQuery({ queryKey: ['wallet'], queryFn: () => ask(rest.GET('/api/wallet')) })
  return (
    <div className={styles.page}>
      <h1 tabIndex={-1}>{t('wallet.title')}</h1>
      <Sums />
      {credited && <WayBack />}
      {wallet.isPending && <Skeleton rows={3} height={64} />}
      {wallet.isError && <Failed error={wallet.error} onRetry={() => void wallet.refetch()} />}
      {wallet.data && <TopUp terms={wallet.data} onCredited={onCredited} />}
      <Lines />
    </div>
  )
}

function Sums() {
  const { t } = useTranslation('fan')
  const wallet = useWallet()
  if (!wallet) return <Skeleton height={72} />
  return (
    <dl className={styles.balance}>
      <div>
        <dt>{t('wallet.balance')}</dt>
        <dd>
          <Money cents={wallet.balanceCents} />
        </dd>
      </div>
      <div>
        <dt>{t('wallet.reserved')}</dt>
        <dd>
          <Money cents={wallet.reservedCents} />
        </dd>
        <dd className={styles.soft}>{t('wallet.reserved_hint')}</dd>
      </div>
    </dl>
  )
}

/** Back to the conversation whose text waits; only a path of ours is followed. */
function WayBack() {
  const { t } = useTranslation('fan')
  const back = new URLSearchParams(useSearch()).get('back') ?? ''
  if (!/^\/messages\/[0-9a-f-]{36}$/.test(back)) return null
  return (
    <Link href={back} className={styles.wayback}>
      <Icon name="arrow_left" /> {t('wallet.back')}
    </Link>
  )
}
