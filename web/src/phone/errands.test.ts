import 'fake-indexeddb/auto'
import Dexie from 'dexie'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { uuid7 } from '../shared/ids'
import { Stop } from './answers'
import { Errands } from './errands'

const BATU = { id: 'batu', token: 'batu-token' }
const OYUN = { id: 'oyun', token: 'oyun-token' }

let name: string
let errands: Errands
let asked: { path: string; token: string | null; body: unknown }[]
let server: () => Response | Promise<Response>

const done = (): Response => new Response(null, { status: 204, headers: { 'X-Trace-Id': 't' } })
const problem = (status: number): Response =>
  new Response(JSON.stringify({ title: 'No' }), { status, headers: { 'Content-Type': 'application/problem+json' } })
const fetchOf: typeof fetch = async (path, init) => {
  asked.push({ path: String(path), token: new Headers(init?.headers).get('Authorization'), body: init?.body ? JSON.parse(String(init.body)) : null })
  return server()
}
const open = (): Errands => new Errands(name, fetchOf)
const abouts = async (member = BATU): Promise<string[]> => (await errands.list(member.id)).map(({ about }) => about)
const stop = (): Promise<Stop> => errands.send(BATU).then(() => { throw new Error('went on') }, (error: Stop) => error)

beforeEach(() => {
  name = `errands ${uuid7()}`
  asked = []
  server = done
  errands = open()
})
afterEach(async () => {
  errands.close()
  await Dexie.delete(name)
})

test('what was said is sent in order, once, and goes away', async () => {
  await errands.add(BATU.id, 'notice/1', '/read')
  await errands.add(BATU.id, 'shift/1', '/decline', { reason: '生病' })
  await errands.send(BATU)
  await errands.send(BATU)
  expect([asked.map(({ path, body }) => [path, body]), await abouts()]).toEqual([[['/read', null], ['/decline', { reason: '生病' }]], []])
})

test('the last word about a thing counts', async () => {
  await errands.add(BATU.id, 'shift/1', '/accept')
  await errands.add(BATU.id, 'shift/1', '/decline', { reason: '外出' })
  await errands.send(BATU)
  expect(asked.map(({ path }) => path)).toEqual(['/decline'])
})

test('what is said again while the first is on its way is sent after it', async () => {
  await errands.add(BATU.id, 'shift/1', '/accept')
  server = async () => { if (asked.length === 1) await errands.add(BATU.id, 'shift/1', '/decline'); return done() }
  await errands.send(BATU)
  await errands.send(BATU)
  expect([asked.map(({ path }) => path), await abouts()]).toEqual([['/accept', '/decline'], []])
})

test.each([404, 409, 422])('what the server will not have (%i) is told, and holds nothing up', async (status) => {
  await errands.add(BATU.id, 'shift/1', '/accept')
  await errands.add(BATU.id, 'notice/1', '/read')
  server = () => asked.length === 1 ? problem(status) : done()
  const outcomes = await errands.send(BATU)
  expect([outcomes.map(({ about, title }) => [about, title]), await abouts()]).toEqual([[['shift/1', 'No'], ['notice/1', null]], []])
})

test.each([
  ['no answer', () => { throw new TypeError('Failed to fetch') }, 'unreachable'],
  ['a busy server', () => problem(503), 'busy'],
  ['a page', () => new Response('<form>', { headers: { 'Content-Type': 'text/html' } }), 'foreign'],
  ['an empty answer of somebody else', () => new Response(null, { status: 204 }), 'foreign'],
  ['a sign-in that is over', () => problem(401), 'signed_out'],
])('%s erases nothing', async (_, answer, why) => {
  await errands.add(BATU.id, 'notice/1', '/read')
  server = answer
  expect([(await stop()).why, await abouts()]).toEqual([why, ['notice/1']])
})

test('what was said is there after a restart', async () => {
  await errands.add(BATU.id, 'notice/1', '/read')
  errands.close()
  errands = open()
  expect(await abouts()).toEqual(['notice/1'])
})

test('whoever comes next neither sees nor sends it', async () => {
  await errands.add(BATU.id, 'notice/1', '/read')
  await errands.send(OYUN)
  expect([asked, await abouts(OYUN), await abouts()]).toEqual([[], [], ['notice/1']])
})
