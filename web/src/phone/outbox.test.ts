import 'fake-indexeddb/auto'
import { gunzipSync } from 'node:zlib'
import Dexie from 'dexie'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { uuid7 } from '../shared/ids'
import { Stop, retryAfter } from './answers'
import { MOST_BYTES, MOST_POINTS, Outbox } from './outbox'
import type { Item } from './store'

const BATU = { id: 'batu', token: 'batu-token' }
const OYUN = { id: 'oyun', token: 'oyun-token' }
const PROBLEM = 'application/problem+json'

interface Asked {
  path: string
  method: string
  token: string
  headers: Headers
  size: number
  body: any
}
type Answerer = (asked: Asked) => Response | Promise<Response>

let name: string
let outbox: Outbox
let asked: Asked[]
let server: Answerer

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })

const problem = (status: number, title = 'No', headers = {}): Response => json({ title }, status, { 'Content-Type': PROBLEM, ...headers })

const verdict = (status: string) => ({ id }: Item) => ({ id, status, durable: status !== 'rejected', problem: { title: `was ${status}` } })

/** Answers every item with the same verdict. */
const says = (status: string): Answerer => ({ body }) => json({ batch_id: body.batch_id, results: body.items.map(verdict(status)) })

async function read(init: RequestInit): Promise<{ body: unknown; size: number }> {
  if (init.body === undefined) return { body: null, size: 0 }
  const headers = new Headers(init.headers)
  const bytes = Buffer.from(await new Response(init.body).arrayBuffer())
  const plain = headers.get('Content-Encoding') === 'gzip' ? gunzipSync(bytes) : bytes
  const isJson = headers.get('Content-Type') === 'application/json'
  return { body: isJson ? JSON.parse(plain.toString()) : plain, size: plain.length }
}

const fetchOf = (): typeof fetch => async (path, init = {}) => {
  const headers = new Headers(init.headers)
  const one = { path: String(path), method: init.method ?? 'GET', token: headers.get('Authorization') ?? '', headers, ...await read(init) }
  asked.push(one)
  return server(one)
}

const open = (): Outbox => new Outbox(name, fetchOf())
const checkIn = (fields = {}): Item => ({ type: 'check_in', id: uuid7(), patrol_id: 'p', lon: 97.3, lat: 37.3, ...fields })
const ids = async (member = BATU): Promise<string[]> => (await outbox.list(member.id)).map(({ id }) => id)
const uploads = (): Asked[] => asked.filter(({ path }) => path === '/api/v1/uploads')
const stop = (sender = BATU): Promise<Stop> => outbox.send(sender).then(() => { throw new Error('went on') }, (error: Stop) => error)

async function adding(count: number, fields = {}): Promise<Item[]> {
  const items = Array.from({ length: count }, () => checkIn(fields))
  for (const item of items) await outbox.add(BATU.id, item)
  return items
}

/** A storage that is full until told otherwise. */
function full(): () => void {
  const put = IDBObjectStore.prototype.put
  const add = IDBObjectStore.prototype.add
  const refuse = (): never => { throw new DOMException('No room', 'QuotaExceededError') }
  Object.assign(IDBObjectStore.prototype, { put: refuse, add: refuse })
  return () => Object.assign(IDBObjectStore.prototype, { put, add })
}

beforeEach(() => {
  name = `outbox ${uuid7()}`
  asked = []
  server = says('stored')
  outbox = open()
})

afterEach(async () => {
  outbox.close()
  await Dexie.delete(name)
})

test('what is recorded is there after a restart', async () => {
  const [item] = await adding(1)
  outbox.close()
  outbox = open()
  expect(await ids()).toEqual([item!.id])
})

test.each(['stored', 'duplicate', 'conflict', 'quarantined'])('what is %s goes away', async (status) => {
  await adding(2)
  server = says(status)
  await outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('what is rejected stays, with the reason', async () => {
  const [item] = await adding(1)
  server = says('rejected')
  await outbox.send(BATU)
  expect((await outbox.list(BATU.id)).map(({ id, state, reason }) => [id, state, reason])).toEqual([[item!.id, 'refused', 'was rejected']])
})

test('what was rejected is not sent again by itself', async () => {
  await adding(1)
  server = says('rejected')
  await outbox.send(BATU)
  await outbox.send(BATU)
  expect(uploads().length).toBe(1)
})

test('what was rejected is sent again when the member says so', async () => {
  await adding(1)
  server = says('rejected')
  await outbox.send(BATU)
  await outbox.retry(BATU.id)
  server = says('stored')
  await outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('each item goes by its own verdict', async () => {
  const [first, second, third] = await adding(3)
  server = ({ body }) => json({
    batch_id: body.batch_id, results: [verdict('stored')(first!), verdict('rejected')(second!), verdict('duplicate')(third!)],
  })
  await outbox.send(BATU)
  expect(await ids()).toEqual([second!.id])
})

test('an item without a verdict stays', async () => {
  const [first, second] = await adding(2)
  server = ({ body }) => json({ batch_id: body.batch_id, results: [verdict('stored')(first!)] })
  expect((await stop()).why).toBe('not_understood')
  expect(await ids()).toEqual([second!.id])
})

test('stored without durable is not enough', async () => {
  const [item] = await adding(1)
  server = ({ body }) => json({ batch_id: body.batch_id, results: [{ id: item!.id, status: 'stored', durable: 'yes' }] })
  expect((await stop()).why).toBe('not_understood')
  expect(await ids()).toEqual([item!.id])
})

test('a verdict on an id that was not sent changes nothing', async () => {
  await adding(1)
  await outbox.add(OYUN.id, checkIn())
  const [other] = await ids(OYUN)
  server = ({ body }) => json({ batch_id: body.batch_id, results: [{ id: other, status: 'stored', durable: true }, ...body.items.map(verdict('stored'))] })
  await outbox.send(BATU)
  expect(await ids(OYUN)).toEqual([other])
})

const portal = '<html><form>Please agree to the terms</form></html>'
test.each([
  ['a page instead of an answer', () => new Response(portal, { headers: { 'Content-Type': 'text/html' } })],
  ['a page that says it is JSON', () => new Response(portal, { headers: { 'Content-Type': 'application/json' } })],
  ['no content type', () => new Response(new Blob([portal]))],
  ['another batch', ({ body }: Asked) => json({ batch_id: uuid7(), results: body.items.map(verdict('stored')) })],
  ['no batch', ({ body }: Asked) => json({ results: body.items.map(verdict('stored')) })],
  ['no results', ({ body }: Asked) => json({ batch_id: body.batch_id })],
  ['network authentication', () => new Response(portal, { status: 511 })],
  ['a page with a sign-in', () => new Response(portal, { status: 401, headers: { 'Content-Type': 'text/html' } })],
  ['a page that is too large', () => new Response(portal, { status: 413, headers: { 'Content-Type': 'text/html' } })],
])('%s erases nothing', async (_, answer) => {
  const [item] = await adding(1)
  server = answer
  expect((await stop()).why).toBe('foreign')
  expect((await outbox.list(BATU.id)).map(({ id, state }) => [id, state])).toEqual([[item!.id, 'waiting']])
})

test('no answer erases nothing', async () => {
  await adding(1)
  server = () => { throw new TypeError('Failed to fetch') }
  expect((await stop()).why).toBe('unreachable')
  expect((await ids()).length).toBe(1)
})

test('a full batch holds 500 items', async () => {
  await adding(501)
  await outbox.send(BATU)
  expect(uploads().map(({ body }) => body.items.length)).toEqual([500, 1])
})

test('a batch stays below 1 MiB', async () => {
  await adding(30, { note: '巡'.repeat(20_000) })
  await outbox.send(BATU)
  expect(uploads().every(({ size }) => size <= MOST_BYTES)).toBe(true)
  expect(uploads().map(({ body }) => body.items.length)).toEqual([17, 13])
})

test('a track holds 1,000 points', async () => {
  for (let i = 0; i < MOST_POINTS + 1; i += 1) await outbox.addPoint(BATU.id, 'p', [i, 97.3, 37.3, 5])
  await outbox.send(BATU)
  expect(uploads()[0]!.body.items.map(({ points }: any) => points.length)).toEqual([1000, 1])
})

test('every point is sent once and in order, each with its patrol', async () => {
  for (let i = 0; i < 6; i += 1) await outbox.addPoint(BATU.id, i < 4 ? 'p' : 'q', [i, 97.3, 37.3, 5])
  await outbox.gather(BATU.id)
  await outbox.gather(BATU.id)
  await outbox.send(BATU)
  const tracks = uploads()[0]!.body.items.map(({ patrol_id, points }: any) => [patrol_id, points.map((point: number[]) => point[0])])
  expect(tracks).toEqual([['p', [0, 1, 2, 3]], ['q', [4, 5]]])
})

test('items go in the order in which they were recorded', async () => {
  const items = await adding(5)
  await outbox.send(BATU)
  expect(uploads()[0]!.body.items.map(({ id }: Item) => id)).toEqual(items.map(({ id }) => id))
})

test('a large batch is packed, a small one is not', async () => {
  await adding(1)
  await outbox.send(BATU)
  await adding(50)
  await outbox.send(BATU)
  expect(uploads().map(({ headers }) => headers.get('Content-Encoding'))).toEqual([null, 'gzip'])
})

test('a proxy that takes nothing packed gets it plain', async () => {
  await adding(50)
  server = (one) => one.headers.has('Content-Encoding') ? problem(415) : says('stored')(one)
  await outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('what cannot be read is isolated, and everything else arrives', async () => {
  const items = await adding(9)
  const bad = items[3]!.id
  server = (one) => one.body.items.some(({ id }: Item) => id === bad) ? problem(400, 'Cannot be read') : says('stored')(one)
  await outbox.send(BATU)
  expect((await outbox.list(BATU.id)).map(({ id, state, reason }) => [id, state, reason])).toEqual([[bad, 'refused', 'Cannot be read']])
})

test('a batch that is too large is halved', async () => {
  await adding(40)
  server = (one) => one.body.items.length > 10 ? problem(413) : says('stored')(one)
  await outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test.each([401, 403])('%i keeps everything until the member signs in', async (status) => {
  await adding(2)
  server = () => problem(status)
  expect((await stop()).why).toBe('signed_out')
  server = says('stored')
  await outbox.send({ ...BATU, token: 'a new one' })
  expect(await ids()).toEqual([])
})

test.each([[429, '7', 7_000], [503, '120', 120_000], [500, '', null], [502, '', null]])(
  '%i keeps everything and comes again after %s s', async (status, header, wait) => {
    await adding(1)
    server = () => problem(status, 'Busy', header ? { 'Retry-After': header } : {})
    const { why, afterMs } = await stop()
    expect([why, afterMs, (await ids()).length]).toEqual(['busy', wait, 1])
  },
)

test('a pause may be asked for as a date', () => {
  expect(retryAfter('Tue, 24 Nov 2026 10:00:09 GMT', Date.UTC(2026, 10, 24, 10))).toBe(9_000)
})

test('a pause that makes no sense is none', () => {
  expect([retryAfter('soon', 0), retryAfter(null, 0), retryAfter('Thu, 01 Jan 1970 00:00:00 GMT', 5_000)]).toEqual([null, null, 0])
})

test('what arrived although its answer was lost is not sent again', async () => {
  const [arrived, lost] = await adding(2)
  server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  server = (one) => one.path.endsWith('/receipts') ? json({ missing: [lost!.id] }) : says('stored')(one)
  await outbox.send(BATU)
  expect(asked.map(({ path, body }) => [path, (body.ids ?? body.items.map(({ id }: Item) => id))])).toEqual([
    ['/api/v1/uploads', [arrived!.id, lost!.id]],
    ['/api/v1/uploads/receipts', [arrived!.id, lost!.id]],
    ['/api/v1/uploads', [lost!.id]],
  ])
  expect(await ids()).toEqual([])
})

test('a lost answer is asked for after a restart too', async () => {
  const [item] = await adding(1)
  server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  outbox.close()
  outbox = open()
  server = () => json({ missing: [] })
  await outbox.send(BATU)
  expect([asked.at(-1)!.body.ids, await ids()]).toEqual([[item!.id], []])
})

test.each([
  ['a page', () => new Response(portal, { headers: { 'Content-Type': 'text/html' } })],
  ['an answer without a list', () => json({})],
  ['an answer about other ids', () => json({ missing: [uuid7()] })],
])('%s about a lost answer erases nothing', async (_, answer) => {
  await adding(1)
  server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  server = answer
  await stop()
  expect((await ids()).length).toBe(1)
})

test('whoever signs in next neither sees nor sends what came before', async () => {
  await adding(2)
  await outbox.add(OYUN.id, checkIn())
  const [oyuns] = await ids(OYUN)
  await outbox.send(OYUN)
  expect(asked.map(({ token, body }) => [token, body.items.map(({ id }: Item) => id)])).toEqual([['Bearer oyun-token', [oyuns]]])
  expect([(await ids()).length, (await ids(OYUN)).length]).toEqual([2, 0])
})

test('the former member sends it all after signing in again', async () => {
  const items = await adding(2)
  await outbox.addPoint(BATU.id, 'p', [1, 97.3, 37.3, 5])
  await outbox.send(OYUN)
  await outbox.send(BATU)
  const [{ body, token }] = uploads() as [Asked]
  expect([token, body.items.length, body.items.slice(0, 2).map(({ id }: Item) => id)]).toEqual(['Bearer batu-token', 3, items.map(({ id }) => id)])
})

test('others are only counted', async () => {
  await adding(2)
  await outbox.addPhoto(BATU.id, new ArrayBuffer(8), 'image/jpeg')
  const { items, photos, others } = await outbox.summary(OYUN.id)
  expect([items, photos, others]).toEqual([0, 0, 3])
})

test('a full storage drops nothing, and says so', async () => {
  const room = full()
  const [item] = await adding(1)
  const { items, unsaved } = await outbox.summary(BATU.id)
  room()
  expect([items, unsaved, await ids()]).toEqual([1, 1, [item!.id]])
})

test('what had no room is stored once there is some', async () => {
  const room = full()
  await adding(2)
  await outbox.addPoint(BATU.id, 'p', [1, 97.3, 37.3, 5])
  room()
  server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  outbox.close()
  outbox = open()
  const { items, points, unsaved } = await outbox.summary(BATU.id)
  expect([items, points, unsaved]).toEqual([2, 1, 0])
})

test('with a full storage everything is still sent, once', async () => {
  await adding(1)
  const room = full()
  await adding(2)
  await outbox.send(BATU)
  await outbox.send(BATU)
  room()
  expect([uploads().length, uploads()[0]!.body.items.length, await ids()]).toEqual([1, 3, []])
})

test('without room for a track, its points stay', async () => {
  await outbox.addPoint(BATU.id, 'p', [1, 97.3, 37.3, 5])
  const room = full()
  await outbox.gather(BATU.id)
  room()
  expect((await outbox.summary(BATU.id)).points).toBe(1)
})

test('two who want to send at once send once', async () => {
  await adding(3)
  await Promise.all([outbox.send(BATU), outbox.send(BATU)])
  expect(uploads().length).toBe(1)
})

test('what comes while a batch is on its way is sent after it', async () => {
  await adding(1)
  server = async (one) => {
    if (uploads().length === 1) await outbox.add(BATU.id, checkIn())
    return says('stored')(one)
  }
  await outbox.send(BATU)
  expect([uploads().map(({ body }) => body.items.length), await ids()]).toEqual([[1, 1], []])
})

const picture = (size: number): ArrayBuffer => new Uint8Array(size).map((_, i) => i % 251).buffer as ArrayBuffer

function takesPhotos(): Answerer {
  const parts: Buffer[] = []
  return ({ path, headers, body, method }) => {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (method === 'HEAD') return new Response(null, { status: 204, headers: { 'Upload-Offset': String(length) } })
    const sha256 = path.split('/').at(-1)
    const range = /bytes (\d+)-(\d+)\/(\d+)/.exec(headers.get('Content-Range') ?? '')
    if (range && Number(range[1]) !== length) return problem(422, `expected ${length}`)
    parts.push(body)
    const reached = length + body.length
    return range && reached < Number(range[3]) ? json({ sha256, upload_offset: reached }, 202) : json({ sha256 }, 201)
  }
}

test('a photo is named by its digest and goes away when the server names it so', async () => {
  const name = await outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  server = takesPhotos()
  await outbox.send(BATU)
  expect([asked.map(({ path, method }) => `${method} ${path}`), (await outbox.photos(BATU.id)).length]).toEqual([[`PUT /api/v1/media/${name}`], 0])
})

test('a large photo goes in parts', async () => {
  await outbox.addPhoto(BATU.id, picture(1_200_000), 'image/jpeg')
  server = takesPhotos()
  await outbox.send(BATU)
  expect(asked.map(({ headers }) => headers.get('Content-Range'))).toEqual([
    'bytes 0-524287/1200000', 'bytes 524288-1048575/1200000', 'bytes 1048576-1199999/1200000',
  ])
})

test('after a broken connection a photo goes on where it stopped', async () => {
  await outbox.addPhoto(BATU.id, picture(1_200_000), 'image/jpeg')
  const takes = takesPhotos()
  server = (one) => { if (asked.length === 2) throw new TypeError('Failed to fetch'); return takes(one) }
  await stop()
  outbox.close()
  outbox = open()
  await outbox.send(BATU)
  expect([asked.slice(2).map(({ method, headers }) => [method, headers.get('Content-Range')]), (await outbox.photos(BATU.id)).length]).toEqual([[
    ['HEAD', null], ['PUT', 'bytes 524288-1048575/1200000'], ['PUT', 'bytes 1048576-1199999/1200000'],
  ], 0])
})

test.each([
  ['a page', () => new Response(portal, { headers: { 'Content-Type': 'text/html' } })],
  ['another name', () => json({ sha256: '0'.repeat(64) }, 201)],
])('%s leaves a photo where it is', async (_, answer) => {
  await outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  server = answer
  await stop()
  expect((await outbox.photos(BATU.id)).map(({ state }) => state)).toEqual(['waiting'])
})

test('a photo that cannot be taken stays for its member to see, and holds nothing up', async () => {
  await outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  await outbox.addPhoto(BATU.id, picture(200), 'image/jpeg')
  const takes = takesPhotos()
  server = (one) => one.size === 100 ? problem(422, 'Not a photo') : takes(one)
  await outbox.send(BATU)
  expect((await outbox.photos(BATU.id)).map(({ state, reason }) => [state, reason])).toEqual([['refused', 'Not a photo']])
})

test('a photo of the former member stays sealed', async () => {
  await outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  server = takesPhotos()
  await outbox.send(OYUN)
  expect([asked.length, (await outbox.photos(BATU.id)).length]).toEqual([0, 1])
})

test('the same photo of two members is sent by each', async () => {
  await outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  await outbox.addPhoto(OYUN.id, picture(100), 'image/jpeg')
  server = takesPhotos()
  await outbox.send(BATU)
  await outbox.send(OYUN)
  expect(asked.map(({ token }) => token)).toEqual(['Bearer batu-token', 'Bearer oyun-token'])
})

test('after a day without a server everything arrives, once', async () => {
  const items = await adding(20)
  server = () => { throw new TypeError('Failed to fetch') }
  for (let hour = 0; hour < 24; hour += 1) {
    items.push(...await adding(1))
    await stop()
  }
  const stored: string[] = []
  server = (one) => {
    if (one.path.endsWith('/receipts')) return json({ missing: one.body.ids })
    stored.push(...one.body.items.map(({ id }: Item) => id))
    return says('stored')(one)
  }
  await outbox.send(BATU)
  expect([stored, await ids()]).toEqual([items.map(({ id }) => id), []])
})
