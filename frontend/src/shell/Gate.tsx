/** Sign in and sign up: one step at a time, following what the server names next. */
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { auth, type FormError, type Step } from '../core/auth'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { Icon } from '../ui/Icon'
import { Choices } from './Choices'
import styles from './pages.module.css'

export interface GateProps {
  mode: 'sign_in' | 'sign_up'
  onSignedIn: () => Promise<void>
}

/** The page of somebody who is not signed in. */
export function Gate({ mode, onSignedIn }: GateProps) {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const [codeStep, setCodeStep] = useState(false)
  const follow = async (step: Step) => {
    if (step.step === 'signed_in') await onSignedIn()
    if (step.step === 'next' && step.flow === 'verify_email') setCodeStep(true)
    return errorsOf(step)
  }
  return (
    <main className={styles.gate}>
      <p className={styles.brand}>{t('app.name')}</p>
      <p className={styles.promise}>{t('auth.promise')}</p>
      <h1 tabIndex={-1}>{t(codeStep ? 'title.verify' : `title.${mode}`)}</h1>
      {codeStep ? (
        <CodeForm email={email} follow={follow} />
      ) : (
        <>
          <PasswordForm key={mode} mode={mode} onEmail={setEmail} follow={follow} />
          <Link href={mode === 'sign_in' ? '/sign-up' : '/sign-in'}>
            {t(mode === 'sign_in' ? 'auth.to_sign_up' : 'auth.to_sign_in')}
          </Link>
        </>
      )}
      <Choices signedIn={false} />
    </main>
  )
}

type Follow = (step: Step) => Promise<readonly FormError[]>

/** What a step refused; a step that leads on refuses nothing. */
function errorsOf(step: Step): readonly FormError[] {
  if (step.step === 'refused') return step.errors
  if (step.step === 'offline') return [{ code: 'offline', message: '' }]
  const known = step.step === 'signed_in' || step.flow === 'verify_email'
  return known ? [] : [{ code: 'unknown', message: '' }]
}

function useForm(submit: () => Promise<Step>, follow: Follow) {
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<readonly FormError[]>([])
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setErrors(await follow(await submit()))
    setBusy(false)
  }
  return { busy, errors, onSubmit }
}

interface PasswordFormProps {
  mode: 'sign_in' | 'sign_up'
  onEmail: (email: string) => void
  follow: Follow
}

function PasswordForm({ mode, onEmail, follow }: PasswordFormProps) {
  const { t } = useTranslation()
  const words = useErrorWords()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const form = useForm(() => {
    onEmail(email)
    return mode === 'sign_in' ? auth.signIn(email, password) : auth.signUp(email, password)
  }, follow)
  return (
    <form className={styles.form} onSubmit={form.onSubmit} noValidate>
      <FormErrors errors={form.errors.filter((error) => !error.param)} />
      <Field
        label={t('auth.email')}
        type="email"
        name="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={words(form.errors, 'email')}
        /* prettier-ignore */
      />
      <Field
        label={t('auth.password')}
        type="password"
        name="password"
        required
        autoComplete={mode === 'sign_in' ? 'current-password' : 'new-password'}
        hint={mode === 'sign_up' ? t('auth.password_hint') : undefined}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={words(form.errors, 'password')}
        /* prettier-ignore */
      />
      <Button kind="main" type="submit" busy={form.busy}>
        {t(`auth.${mode}`)}
      </Button>
    </form>
  )
}

function CodeForm({ email, follow }: { email: string; follow: Follow }) {
  const { t } = useTranslation()
  const words = useErrorWords()
  const [code, setCode] = useState('')
  const [resent, setResent] = useState(false)
  const form = useForm(() => auth.verifyEmail(code.trim()), follow)
  const resend = async () => {
    await auth.resendEmailCode()
    setResent(true)
  }
  return (
    <form className={styles.form} onSubmit={form.onSubmit} noValidate>
      <p role="status">{resent ? t('auth.resent') : t('auth.code_sent', { email })}</p>
      <FormErrors errors={form.errors.filter((error) => !error.param)} />
      <Field
        label={t('auth.code')}
        name="code"
        autoComplete="one-time-code"
        required
        value={code}
        onChange={(event) => setCode(event.target.value)}
        error={words(form.errors, 'key')}
        /* prettier-ignore */
      />
      <Button kind="main" type="submit" busy={form.busy}>
        {t('auth.confirm_code')}
      </Button>
      <Button kind="quiet" onClick={resend}>
        {t('auth.resend')}
      </Button>
    </form>
  )
}

/** The words of the errors of one field, or of none; an unknown code keeps the server's words. */
function useErrorWords() {
  const { t } = useTranslation()
  const say = t as unknown as (key: string, options: { defaultValue: string }) => string
  return (errors: readonly FormError[], param?: string): string | undefined =>
    errors
      .filter((error) => error.param === param)
      .map(({ code, message }) =>
        say(`auth.error.${code}`, { defaultValue: message || t('auth.error.unknown') }),
      )
      .join(' ') || undefined
}

function FormErrors({ errors }: { errors: readonly FormError[] }) {
  const words = useErrorWords()(errors)
  return (
    <div role="alert">
      {words && (
        <p className={styles.alert}>
          <Icon name="alert" />
          {words}
        </p>
      )}
    </div>
  )
}
