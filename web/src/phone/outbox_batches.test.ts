import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { MOST_BYTES, MOST_POINTS } from './outbox'
import { adding, BATU, checkIn, ids, problem, says, stage, staged, uploads } from './outbox_stage'
import type { Item } from './store'

staged()

test('a full batch holds 500 items', async () => {
  await adding(501)
  await stage.outbox.send(BATU)
  expect(uploads().map(({ body }) => body.items.length)).toEqual([500, 1])
})

test('a batch stays below 1 MiB', async () => {
  await adding(30, { note: '巡'.repeat(20_000) })
  await stage.outbox.send(BATU)
  expect(uploads().every(({ size }) => size <= MOST_BYTES)).toBe(true)
  expect(uploads().map(({ body }) => body.items.length)).toEqual([17, 13])
})

test('a track holds 1,000 points', async () => {
  for (let i = 0; i < MOST_POINTS + 1; i += 1) await stage.outbox.addPoint(BATU.id, 'p', [i, 97.3, 37.3, 5])
  await stage.outbox.send(BATU)
  expect(uploads()[0]!.body.items.map(({ points }: any) => points.length)).toEqual([1000, 1])
})

test('every point is sent once and in order, each with its patrol', async () => {
  for (let i = 0; i < 6; i += 1) await stage.outbox.addPoint(BATU.id, i < 4 ? 'p' : 'q', [i, 97.3, 37.3, 5])
  await stage.outbox.gather(BATU.id)
  await stage.outbox.gather(BATU.id)
  await stage.outbox.send(BATU)
  const tracks = uploads()[0]!.body.items.map(({ patrol_id, points }: any) => [patrol_id, points.map((point: number[]) => point[0])])
  expect(tracks).toEqual([['p', [0, 1, 2, 3]], ['q', [4, 5]]])
})

test('items go in the order in which they were recorded', async () => {
  const items = await adding(5)
  await stage.outbox.send(BATU)
  expect(uploads()[0]!.body.items.map(({ id }: Item) => id)).toEqual(items.map(({ id }) => id))
})

test('a large batch is packed, a small one is not', async () => {
  await adding(1)
  await stage.outbox.send(BATU)
  await adding(50)
  await stage.outbox.send(BATU)
  expect(uploads().map(({ headers }) => headers.get('Content-Encoding'))).toEqual([null, 'gzip'])
})

test('a proxy that takes nothing packed gets it plain', async () => {
  await adding(50)
  stage.server = (one) => one.headers.has('Content-Encoding') ? problem(415) : says('stored')(one)
  await stage.outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('what cannot be read is isolated, and everything else arrives', async () => {
  const items = await adding(9)
  const bad = items[3]!.id
  stage.server = (one) => one.body.items.some(({ id }: Item) => id === bad) ? problem(400, 'Cannot be read') : says('stored')(one)
  await stage.outbox.send(BATU)
  expect((await stage.outbox.list(BATU.id)).map(({ id, state, reason }) => [id, state, reason])).toEqual([[bad, 'refused', 'Cannot be read']])
})

test('a batch that is too large is halved', async () => {
  await adding(40)
  stage.server = (one) => one.body.items.length > 10 ? problem(413) : says('stored')(one)
  await stage.outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('two who want to send at once send once', async () => {
  await adding(3)
  await Promise.all([stage.outbox.send(BATU), stage.outbox.send(BATU)])
  expect(uploads().length).toBe(1)
})

test('what comes while a batch is on its way is sent after it', async () => {
  await adding(1)
  stage.server = async (one) => {
    if (uploads().length === 1) await stage.outbox.add(BATU.id, checkIn())
    return says('stored')(one)
  }
  await stage.outbox.send(BATU)
  expect([uploads().map(({ body }) => body.items.length), await ids()]).toEqual([[1, 1], []])
})
