/** A part that broke says so in its place; the rest of the page goes on. */
import { Component, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { uuid7 } from '../core/uuid7'
import { Button } from '../ui/Button'
import styles from './pages.module.css'

interface Props {
  children: ReactNode
  /** Changing it tries again: the path, for a page. */
  resetKey?: string
}
interface State {
  ref: string | null
  resetKey: string | undefined
}

export class Boundary extends Component<Props, State> {
  override state: State = { ref: null, resetKey: this.props.resetKey }

  static getDerivedStateFromError(): Partial<State> {
    return { ref: uuid7().slice(-12) }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.resetKey ? null : { ref: null, resetKey: props.resetKey }
  }

  override componentDidCatch(error: unknown): void {
    console.error(`aparté: ${this.state.ref ?? ''}`, error)
  }

  override render(): ReactNode {
    if (this.state.ref === null) return this.props.children
    return <Broken reference={this.state.ref} onRetry={() => this.setState({ ref: null })} />
  }
}

function Broken({ reference, onRetry }: { reference: string; onRetry: () => void }) {
  const { t } = useTranslation()
  return (
    <div className={styles.notice} role="alert">
      <p>{t('error.crash')}</p>
      <p>
        <code>{t('error.reference', { ref: reference })}</code>
      </p>
      <Button onClick={onRetry}>{t('app.retry')}</Button>
    </div>
  )
}
