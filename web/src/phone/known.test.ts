import 'fake-indexeddb/auto'
import Dexie from 'dexie'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { uuid7 } from '../shared/ids'
import { follow, Known, type Changes, type Told } from './known'

let name: string
let known: Known
let asked: (string | null)[]

const told = (items: Told['items'], gone: string[] = [], whole = false): Told => ({ items, gone, whole })
const answer = (cursor: string, kinds: Record<string, unknown> = {}, whole = false): Changes => ({ cursor, whole, ...kinds })
const says = (...answers: (Changes | 'lost')[]) => async (cursor: string | null): Promise<Changes | 'lost'> => {
  asked.push(cursor)
  return answers.shift()!
}
const codes = async (): Promise<string[]> => (await known.all<{ code: string }>('grids')).map(({ code }) => code).sort()
const ids = async (kind: string): Promise<string[]> => (await known.all<{ id: string }>(kind)).map(({ id }) => id)

beforeEach(() => {
  name = `known ${uuid7()}`
  known = new Known(name)
  asked = []
})
afterEach(async () => {
  known.close()
  await Dexie.delete(name)
})

test('at first everything is asked for, then what is behind the cursor', async () => {
  const ask = says(answer('1', {}, true), answer('2'), answer('3'))
  for (let i = 0; i < 3; i += 1) await follow(known, 'batu', ask)
  expect(asked).toEqual([null, '1', '2'])
})

test('what changed is put, what is gone is deleted, and the rest stays', async () => {
  await follow(known, 'batu', says(answer('1', { grids: told([{ code: 'a' }, { code: 'b' }]) }, true)))
  await follow(known, 'batu', says(answer('2', { grids: told([{ code: 'c' }], ['a']) })))
  expect(await codes()).toEqual(['b', 'c'])
})

test('a list that comes whole replaces the one before', async () => {
  await follow(known, 'batu', says(answer('1', { shifts: told([{ id: 'a' }]), grids: told([{ code: 'g' }]) }, true)))
  await follow(known, 'batu', says(answer('2', { shifts: told([{ id: 'b' }], [], true), grids: told([]) })))
  expect([await ids('shifts'), await codes()]).toEqual([['b'], ['g']])
})

test('where the server cannot tell, everything is asked for again and replaces all', async () => {
  await follow(known, 'batu', says(answer('1', { grids: told([{ code: 'old' }]) }, true)))
  await follow(known, 'batu', says('lost', answer('9', { grids: told([{ code: 'new' }]) }, true)))
  expect([asked, await codes(), await known.cursor()]).toEqual([[null, '1', null], ['new'], '9'])
})

test('a server that never can tell is not asked for ever', async () => {
  expect(await follow(known, 'batu', says('lost'))).toBe(null)
})

test('a kind that this page does not know yet is kept, and what is no list does no harm', async () => {
  await follow(known, 'batu', says(answer('1', { drones: told([{ id: 'd' }]), weather: 'fine', wind: null }, true)))
  expect([await ids('drones'), await known.all('weather')]).toEqual([['d'], []])
})

test('what was told is there after a restart', async () => {
  await follow(known, 'batu', says(answer('1', { grids: told([{ code: 'a' }]) }, true)))
  known.close()
  known = new Known(name)
  expect([await codes(), await known.cursor()]).toEqual([['a'], '1'])
})

test('whoever comes next is told afresh', async () => {
  await follow(known, 'batu', says(answer('1', { grids: told([{ code: 'a' }]) }, true)))
  await follow(known, 'oyun', says(answer('2', { grids: told([{ code: 'b' }]) }, true)))
  expect([asked, await codes()]).toEqual([[null, null], ['b']])
})

test('an answer that comes after its member has left is not kept', async () => {
  await known.begin('batu')
  await known.begin('oyun')
  await known.take('batu', answer('1', { grids: told([{ code: 'a' }]) }, true))
  await known.keep('batu', 'matters', [{ id: 'm' }])
  expect([await codes(), await known.cursor(), await ids('matters')]).toEqual([[], null, []])
})

test('without a network what is known stays', async () => {
  await follow(known, 'batu', says(answer('1', { grids: told([{ code: 'a' }]) }, true)))
  await follow(known, 'batu', async () => { throw new Error('no network') }).catch(() => undefined)
  expect(await codes()).toEqual(['a'])
})

test('what a member has said of a thing is shown until the server tells of it again', async () => {
  await follow(known, 'batu', says(answer('1', { notices: told([{ id: 'n', ...{ is_read: false } }]) }, true)))
  await known.change('notices', 'n', { is_read: true })
  expect(await known.all('notices')).toEqual([{ id: 'n', is_read: true }])
})

test('a thing of this phone stands beside what was told, until the server tells of it', async () => {
  await follow(known, 'batu', says(answer('1', { matters: told([{ id: 'a' }]) }, true)))
  await known.keep('batu', 'matters', [{ id: 'b' }], false)
  expect(await ids('matters')).toEqual(['a', 'b'])
  await follow(known, 'batu', says(answer('2', { matters: told([{ id: 'b', ...{ stage: 'filed' } }]) })))
  expect(await known.all('matters')).toEqual([{ id: 'a' }, { id: 'b', stage: 'filed' }])
})

test('after a fresh start everything is asked for, and until then all is there', async () => {
  await follow(known, 'batu', says(answer('1', { grids: told([{ code: 'a' }]) }, true)))
  await known.restart()
  expect(await codes()).toEqual(['a'])
  await follow(known, 'batu', says(answer('2', {}, true)))
  expect(asked).toEqual([null, null])
})
