import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import Discover from '../src/faces/fan/discover/Discover'
import { scripted, showFor, violations, type Asked } from './faces'

const CROWD = Array.from({ length: 100 }, (_, number) => ({
  id: `c${number}`,
  name: `Anne ${number}`,
}))
const ZOE = { id: 'z', name: 'Zoé' }

const creators = ({ query }: Asked) => {
  if (query.includes('name=')) return query.includes('zo') ? [ZOE] : []
  return query.includes('after=c99') ? [ZOE] : CROWD
}

describe('the creators one may write to', () => {
  it('come page by page, the last one included', async () => {
    const asked = scripted({ 'GET /api/creators': creators })
    await showFor('fan', <Discover />)
    expect(await screen.findAllByRole('article')).toHaveLength(100)
    await userEvent.click(screen.getByRole('button', { name: 'Afficher la suite' }))
    expect(await screen.findByRole('heading', { name: 'Zoé' })).toBeVisible()
    expect(screen.queryByRole('button', { name: 'Afficher la suite' })).toBeNull()
    expect(asked.map(({ query }) => query)).toEqual(['', '?after=c99'])
  })

  it('are found by name wherever they stand, with one question for what was typed', async () => {
    const asked = scripted({ 'GET /api/creators': creators })
    await showFor('fan', <Discover />)
    await screen.findAllByRole('article')
    await userEvent.type(screen.getByRole('searchbox'), ' zo')
    expect(await screen.findByRole('heading', { name: 'Zoé' })).toBeVisible()
    expect(screen.getAllByRole('article')).toHaveLength(1)
    expect(asked.map(({ query }) => query)).toEqual(['', '?name=zo'])
    await userEvent.type(screen.getByRole('searchbox'), 'x{Backspace}{Backspace}yy')
    expect(await screen.findByText('Aucun créateur à ce nom.')).toBeVisible()
    expect(await violations()).toEqual([])
  })
})
