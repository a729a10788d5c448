import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import i18next from 'i18next'
import { afterEach, describe, expect, it } from 'vitest'
import { Lines } from '../src/faces/fan/wallet/Lines'
import { scripted, showFor, violations, type Asked } from './faces'

const HOLD = {
  id: 'l2', at: '2026-02-03T10:00:00Z', kind: 'hold', what: 'Rose', in_cents: 0, out_cents: 200,
  balance_cents: 1300, receipt_id: 7, archived_until: null,
} // prettier-ignore
const ARCHIVED = {
  ...HOLD, id: 'l1', at: '2026-01-01T00:00:00Z', kind: 'closing', what: '', in_cents: 4000,
  out_cents: 2500, balance_cents: 1500, receipt_id: null, archived_until: '2026-02-01T00:00:00Z',
} // prettier-ignore

afterEach(() => i18next.changeLanguage('fr'))

/** The rows of the movements, newest first, without the headings. */
async function rows(answer: object): Promise<{ shown: HTMLElement[]; asked: Asked[] }> {
  const asked = scripted({ 'GET /api/wallet/lines': answer })
  await showFor('fan', <Lines />)
  const [, ...shown] = within(await screen.findByRole('table')).getAllByRole('row')
  return { shown, asked }
}

describe('the movements of a wallet', () => {
  it('end with one line for all that is archived: until when, what came of it, whom to ask', async () => {
    const { shown } = await rows({ items: [HOLD, ARCHIVED], next: null })
    expect(shown).toHaveLength(2)
    expect(shown[0]).toHaveTextContent(/Rose.*3 février 2026.*−2,00.€.*13,00.€.*Voir/)
    expect(shown[1]).toHaveTextContent(
      /^Tous les mouvements d’avant le 1 février 2026, archivés.*support.*\+15,00.€15,00.€$/,
    )
    expect(within(shown[1]!).queryByRole('button')).toBeNull()
    expect(within(shown[1]!).queryByText(/janvier/)).toBeNull()
    expect(await violations()).toEqual([])
  })

  it('say the same in English, the archived day as it is in every zone', async () => {
    await i18next.changeLanguage('en')
    const { shown } = await rows({ items: [ARCHIVED], next: null })
    expect(shown[0]).toHaveTextContent(/All movements before 1 February 2026, archived/)
  })

  it('of a wallet that is archived with a loss are told with their sign', async () => {
    const { shown } = await rows({ items: [{ ...ARCHIVED, in_cents: 0 }], next: null })
    expect(shown[0]).toHaveTextContent(/−25,00.€/)
  })

  it('go on page by page from the last line', async () => {
    const answer = ({ query }: Asked) =>
      query.includes('before=l2')
        ? { items: [ARCHIVED], next: null }
        : { items: [HOLD], next: 'l2' }
    const { asked } = await rows(answer)
    await userEvent.click(screen.getByRole('button', { name: 'Afficher la suite' }))
    expect(await screen.findByText(/archivés/)).toBeVisible()
    expect(screen.queryByRole('button', { name: 'Afficher la suite' })).toBeNull()
    expect(asked.map(({ query }) => query)).toEqual(['', '?before=l2'])
  })
})
