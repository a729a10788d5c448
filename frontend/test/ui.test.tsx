import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { useState, type ReactElement } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { Announcer, Voice } from '../src/core/announcer'
import { useShortcuts } from '../src/core/keys'
import { Avatar } from '../src/ui/Avatar'
import { Badge, Count } from '../src/ui/Badge'
import { Button, IconButton } from '../src/ui/Button'
import { Dialog, Sheet } from '../src/ui/Dialog'
import { Checkbox, Field, Select, TextArea } from '../src/ui/Field'
import { Icon } from '../src/ui/Icon'
import { Menu } from '../src/ui/Menu'
import { Money } from '../src/ui/Money'
import { Seal } from '../src/ui/Seal'
import { Skeleton } from '../src/ui/Skeleton'
import { Stub } from '../src/ui/Stub'
import { Table } from '../src/ui/Table'
import { Tabs } from '../src/ui/Tabs'
import { Toaster, Toasts } from '../src/ui/Toast'

const none = () => undefined
const COLUMNS = [
  { id: 'name', heading: 'Name', cell: (row: { name: string }) => row.name, sortable: true },
  { id: 'sum', heading: 'Sum', cell: () => <Money cents={200} />, numeric: true },
]
const PIECES: Record<string, ReactElement> = {
  'button, main': <Button kind="main">Send</Button>,
  'button, busy': <Button busy>Send</Button>,
  'button, disabled': <Button disabled>Send</Button>,
  'icon button': <IconButton icon="close" label="Close" />,
  field: <Field label="E-mail" hint="Yours" error="Missing" />,
  'text area': <TextArea label="Note" />,
  select: <Select label="Theme" options={[{ value: 'a', label: 'A' }]} />,
  checkbox: <Checkbox label="On" hint="What it does" />,
  money: <Money cents={200} />,
  'stub, reserved': <Stub state="reserved" cents={200}>Réservé</Stub>,
  'stub, refunded': <Stub state="refunded">Remboursé</Stub>,
  'seal, assistant': <Seal kind="assistant" name="Lou" />,
  badge: <Badge tone="hold">Waiting</Badge>,
  count: <Count value={120} label="120 new" />,
  avatar: <Avatar name="Ana" certified />,
  icon: <Icon name="lock" label="Locked" />,
  skeleton: <Skeleton rows={2} height={40} />,
  table: <Table caption="Sales" columns={COLUMNS} rows={[{ name: 'a' }]} rowKey={(row) => row.name} sort={{ column: 'name', descending: true }} onSort={none} />,
  'table, empty': <Table caption="Sales" columns={COLUMNS} rows={[]} rowKey={(row) => row.name} />,
  tabs: <Tabs label="Views" value="a" onChange={none} tabs={[{ value: 'a', label: 'A', panel: 'one' }, { value: 'b', label: 'B', panel: 'two' }]} />,
  menu: <Menu label="More" items={[{ label: 'Report', onSelect: none }]} />,
  dialog: <Dialog open title="Sure?" onClose={none} actions={<Button>No</Button>}>Text</Dialog>,
  sheet: <Sheet open title="Unlock" onClose={none}>Text</Sheet>,
  announcer: <Announcer />,
} // prettier-ignore

async function violations(): Promise<string[]> {
  const rules = { region: { enabled: false }, 'color-contrast': { enabled: false } }
  const found = await axe.run(document.body, { rules })
  return found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html ?? ''}`)
}

describe('axe finds nothing in', () => {
  it.each(Object.entries(PIECES))('%s', async (_, piece) => {
    render(piece)
    expect(await violations()).toEqual([])
  })
})

describe('a button', () => {
  it('takes one press, and none while it is busy or disabled', async () => {
    const press = vi.fn()
    const { rerender } = render(<Button onClick={press}>Send</Button>)
    await userEvent.click(screen.getByRole('button'))
    rerender(<Button busy onClick={press}>Send</Button>) // prettier-ignore
    await userEvent.click(screen.getByRole('button'))
    rerender(<Button disabled onClick={press}>Send</Button>) // prettier-ignore
    await userEvent.click(screen.getByRole('button'))
    expect(press).toHaveBeenCalledTimes(1)
  })

  it('keeps its focus while busy, and sends its form once', async () => {
    const submit = vi.fn((event: { preventDefault: () => void }) => event.preventDefault())
    const form = (busy: boolean) => <form onSubmit={submit}><Button type="submit" busy={busy}>Send</Button></form> // prettier-ignore
    const { rerender } = render(form(false))
    await userEvent.click(screen.getByRole('button'))
    rerender(form(true))
    await userEvent.click(screen.getByRole('button'))
    expect(submit).toHaveBeenCalledTimes(1)
    expect(screen.getByRole('button')).toHaveFocus()
    expect(screen.getByRole('button')).toHaveAttribute('aria-busy', 'true')
  })
})

it('a field ties its hint and its error to its control', () => {
  render(<Field label="Code" hint="Six digits" error="Wrong" />)
  const control = screen.getByLabelText('Code')
  expect(control).toHaveAccessibleDescription('Six digits Wrong')
  expect(control).toBeInvalid()
})

function Opener() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>Open</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Title">
        Text
      </Dialog>
    </>
  )
}

it('focus enters a dialog on its title, and comes back to its opener', async () => {
  render(<Opener />)
  await userEvent.click(screen.getByText('Open'))
  await vi.waitFor(() => expect(screen.getByRole('heading', { name: 'Title' })).toHaveFocus())
  await userEvent.keyboard('{Escape}')
  await vi.waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  expect(screen.getByRole('button', { name: 'Open' })).toHaveFocus()
})

it('a table sorts by its headings and says in which order', async () => {
  const sorted = vi.fn()
  const props = { caption: 'Sales', columns: COLUMNS, rows: [{ name: 'a' }], onSort: sorted }
  render(
    <Table {...props} rowKey={(row) => row.name} sort={{ column: 'name', descending: false }} />,
  )
  const heading = screen.getByRole('columnheader', { name: /Name/ })
  expect(heading).toHaveAttribute('aria-sort', 'ascending')
  await userEvent.click(within(heading).getByRole('button'))
  expect(sorted).toHaveBeenCalledWith({ column: 'name', descending: true })
  expect(screen.getByRole('rowheader', { name: 'a' })).toBeInTheDocument()
})

it('a stub says its state in words, and its amount in the reader’s language', () => {
  render(<Stub state="captured" cents={200}>Débité</Stub>) // prettier-ignore
  expect(screen.getByText('Débité')).toBeInTheDocument()
  expect(screen.getByText('2,00 €')).toBeInTheDocument()
})

describe('the voice', () => {
  it('merges what has one kind, throttles, differs when repeated, and falls silent', () => {
    vi.useFakeTimers()
    const voice = new Voice()
    for (let i = 0; i < 3; i++) voice.polite('Ana wrote', 'message', (n) => `${n} new messages`)
    expect(voice.said.polite).toBe('')
    vi.advanceTimersByTime(1_000)
    expect(voice.said.polite).toBe('3 new messages')
    voice.assertive('A moderator joined')
    expect(voice.said.assertive).toBe('A moderator joined')
    voice.assertive('A moderator joined')
    expect(voice.said.assertive).toBe('A moderator joined\u200b')
    vi.advanceTimersByTime(7_000)
    expect(voice.said).toEqual({ polite: '', assertive: '' })
    vi.useRealTimers()
  })
})

it('a toast with an act stays until it is taken or closed', async () => {
  const toaster = new Toaster()
  const run = vi.fn()
  render(<Toasts source={toaster} />)
  act(() => void toaster.show({ text: 'New version', action: { label: 'Reload', run } }))
  expect(await violations()).toEqual([])
  await userEvent.click(screen.getByText('Reload'))
  expect(run).toHaveBeenCalledTimes(1)
  expect(screen.queryByText('New version')).toBeNull()
})

describe('shortcuts', () => {
  function Desk({ run }: { run: (what: string) => void }) {
    useShortcuts([
      { id: 'down', keys: 'j', run: () => run('down') },
      { id: 'queue', keys: 'g c', run: () => run('queue') },
    ])
    return <input aria-label="Note" />
  }

  it('answer one key and two in a row, but not a modifier, a field, or when remapped away', async () => {
    const run = vi.fn()
    render(<Desk run={run} />)
    await userEvent.keyboard('j')
    await userEvent.keyboard('gc')
    await userEvent.keyboard('{Control>}j{/Control}')
    await userEvent.type(screen.getByLabelText('Note'), 'j')
    expect(run.mock.calls).toEqual([['down'], ['queue']])
    screen.getByLabelText('Note').blur()
    localStorage.setItem('aparte-keys', JSON.stringify({ on: true, remapped: { down: 'n' } }))
    await userEvent.keyboard('jn')
    expect(run.mock.calls).toHaveLength(3)
    localStorage.setItem('aparte-keys', JSON.stringify({ on: false }))
    await userEvent.keyboard('n')
    expect(run.mock.calls).toHaveLength(3)
  })
})
