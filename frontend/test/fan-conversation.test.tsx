import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreContext } from '../src/core/hooks'
import type { Store } from '../src/core/store'
import { Conversation } from '../src/faces/fan/messages/Conversation'
import { CONVERSATION, NOW, connected, delivered, type ScriptedServer, type Sent } from './wire'

const CARD = {
  id: CONVERSATION, other_id: 'them', other_name: 'Velours', other_certified: true, state: 'open',
  last_body: '', last_at: NOW(), last_seq: 0, unread: 0, price_cents: 200, waiting: 0,
  waiting_since: null, answer_due_at: null, reserved_cents: 0,
} // prettier-ignore
const HEAD = {
  card: CARD, creator_id: 'them', fan_id: 'me', certified_at: NOW(), spent_month_cents: 400,
  spent_ever_cents: 900, author_kinds: ['in_person'],
} // prettier-ignore
const OFFER = {
  offer_id: 'o1', media_count: 3, lure: '', width: 4, height: 3, preview: 'The stage',
  price_cents: 800, owned: false,
} // prettier-ignore

const LINKS = [{ item: 0, url: '/media/e1/0', width: 4, height: 3, type: 'image/webp' }]

let store: Store
let server: ScriptedServer

async function open(prepare: (server: ScriptedServer) => void = () => undefined): Promise<void> {
  ;({ store, server } = await connected(prepare))
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <QueryClientProvider client={queries}>
      <StoreContext value={store}>
        <main>
          <Conversation id={CONVERSATION} />
        </main>
      </StoreContext>
    </QueryClientProvider>,
  )
  await screen.findByRole('heading', { level: 1, name: 'Velours' })
  await vi.waitFor(() => expect(store.state.quotes[CONVERSATION]).toBeDefined())
}

const withMessages =
  (...messages: object[]) =>
  (scripted: ScriptedServer) => {
    scripted.page = { messages, lines: [], pending: [], last_seq: messages.length }
  }
const field = () => screen.getByRole('textbox', { name: 'Votre message' })
const sends = () => server.all('send_message')

beforeEach(() => {
  localStorage.setItem('aparte-plain_list', '1')
  Element.prototype.scrollIntoView = () => undefined
  URL.createObjectURL = () => 'blob:x'
  URL.revokeObjectURL = () => undefined
  document.cookie = 'csrftoken=t0ken'
  vi.stubGlobal('fetch', (request: Request) => {
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/links')) return Promise.resolve(Response.json(LINKS))
    return Promise.resolve(Response.json(HEAD))
  })
})
afterEach(() => {
  store.stop()
  vi.unstubAllGlobals()
})

describe('the composer', () => {
  it('says price, deadline and balance before a key is pressed, and axe finds nothing', async () => {
    await open(withMessages(delivered(1)))
    expect(await screen.findByRole('button', { name: /Envoyer · 2,00\s€/ })).toBeVisible()
    expect(document.body.textContent).toMatch(/réponse en personne sous 72 h/)
    expect(document.body.textContent).toMatch(/Solde 20,00\s€ → 18,00\s€/)
    const rules = { 'color-contrast': { enabled: false } }
    expect((await axe.run(document.body, { rules })).violations.map(({ id }) => id)).toEqual([])
  })

  it('sends at most the price that was on the button, and empties the field', async () => {
    await open()
    await userEvent.type(field(), 'Bonjour{Enter}')
    await vi.waitFor(() => expect(sends()).toHaveLength(1))
    expect(sends()[0]).toMatchObject({ body: 'Bonjour', max_price_cents: 200 })
    expect(field()).toHaveValue('')
  })

  it('sends nothing when only spaces were written', async () => {
    await open()
    await userEvent.type(field(), '   {Enter}')
    expect(sends()).toHaveLength(0)
  })

  it('with too little money offers the top-up in place of the press, and keeps the text', async () => {
    await open((scripted) => (scripted.balance = 60))
    const link = await screen.findByRole('link', { name: /Recharger, il manque 1,40\s€/ })
    expect(link).toHaveAttribute('href', expect.stringContaining('/wallet?back='))
    await userEvent.type(field(), 'Bonjour{Enter}')
    expect(sends()).toHaveLength(0)
    expect(field()).toHaveValue('Bonjour')
  })

  it('closes with the reason when writing is not allowed', async () => {
    await open((scripted) => {
      scripted.answers.quote = () => ({
        t: 'quoted', allowed: false, reason: 'not_eligible', ways_in: ['follow'], price_cents: 0,
        balance_cents: 0, answer_deadline_hours: 72,
      }) // prettier-ignore
    })
    expect(await screen.findByText(/une de ces conditions suffit/)).toBeVisible()
    expect(screen.queryByRole('textbox', { name: 'Votre message' })).toBeNull()
  })
})

describe('a price that rose meanwhile', () => {
  it('waits with the new price, and another press agrees to it under a new client id', async () => {
    await open((scripted) => {
      scripted.answers.send_message = (command: Sent) =>
        (command.max_price_cents as number) < 300
          ? { t: 'refused', code: 'price_changed', detail: '', price_cents: 300 }
          : null
    })
    await userEvent.type(field(), 'Bonjour{Enter}')
    const again = await screen.findByRole('button', { name: /Envoyer · 3,00\s€/ })
    expect(sends()).toHaveLength(1)
    await userEvent.click(again)
    await vi.waitFor(() => expect(sends()).toHaveLength(2))
    const [first, second] = sends()
    expect(second).toMatchObject({ body: 'Bonjour', max_price_cents: 300 })
    expect(second!.client_id).not.toBe(first!.client_id)
  })
})

describe('an unlock', () => {
  const locked = withMessages(delivered(1, { offer: OFFER }))

  it('shows price and balance before and after, then charges two presses once', async () => {
    await open(locked)
    await userEvent.click(await screen.findByRole('button', { name: 'Débloquer' }))
    const sheet = within(await screen.findByRole('dialog', { name: 'Débloquer ce média' }))
    expect(sheet.getByText(/12,00\s€/)).toBeVisible()
    await userEvent.dblClick(sheet.getByRole('button', { name: /Débloquer · 8,00\s€/ }))
    expect(server.all('unlock')).toHaveLength(1)
    expect(server.all('unlock')[0]).toMatchObject({ offer_id: 'o1', max_price_cents: 800 })
  })

  it('opens the media when the receipt comes, and closes the sheet', async () => {
    await open((scripted) => {
      locked(scripted)
      scripted.answers.unlock = () => ({ t: 'receipt', state: 'unlocked', entitlement_id: 'e1' })
    })
    await userEvent.click(await screen.findByRole('button', { name: 'Débloquer' }))
    await userEvent.click(await screen.findByRole('button', { name: /Débloquer · 8,00/ }))
    expect(await screen.findByRole('region', { name: /Média débloqué/ })).toBeVisible()
    expect(screen.queryByRole('dialog')).toBeNull()
  })

  it('stays in the sheet with the reason when it is refused', async () => {
    await open((scripted) => {
      locked(scripted)
      scripted.answers.unlock = () => ({ t: 'refused', code: 'offer_unavailable', detail: '' })
    })
    await userEvent.click(await screen.findByRole('button', { name: 'Débloquer' }))
    await userEvent.click(await screen.findByRole('button', { name: /Débloquer · 8,00/ }))
    expect(await screen.findByText(/offre n’est plus valable/)).toBeVisible()
  })
})

describe('the acts on a message', () => {
  const acts = async () => {
    await userEvent.click(
      (await screen.findAllByRole('button', { name: 'Actions du message' }))[0]!,
    )
    return within(await screen.findByRole('dialog'))
  }

  it('of another offer to report it, not to edit it', async () => {
    await open(withMessages(delivered(1)))
    const menu = await acts()
    expect(menu.getByRole('button', { name: 'Signaler' })).toBeVisible()
    expect(menu.queryByRole('button', { name: 'Modifier' })).toBeNull()
  })

  it('of one’s own offer to unsend it within the window', async () => {
    await open(withMessages(delivered(1, { sender_id: 'me' })))
    await userEvent.click((await acts()).getByRole('button', { name: 'Retirer le message' }))
    expect(server.all('unsend_message')[0]).toMatchObject({ message_id: 'm1' })
  })

  it('of one’s own do not offer to unsend it later, nor once it was charged', async () => {
    const old = new Date(Date.now() - 3_600_000).toISOString()
    await open(withMessages(delivered(1, { sender_id: 'me', sent_at: old })))
    expect((await acts()).queryByRole('button', { name: 'Retirer le message' })).toBeNull()
  })
})

describe('a moderator’s pause', () => {
  it('is a band in the list and closes the composer', async () => {
    await open(withMessages(delivered(1)))
    const step = { conversation_id: CONVERSATION, moderator: 'M-17', reason: 'Relecture' }
    await act(async () => {
      server.tell({ t: 'conversation_paused', ...step })
      await new Promise(requestAnimationFrame)
    })
    expect(await screen.findAllByText(/M-17/)).not.toHaveLength(0)
    expect(screen.queryByRole('textbox', { name: 'Votre message' })).toBeNull()
  })
})
