import { afterEach, expect, test, vi } from 'vitest'
import { adding, type Answerer, BATU, checkIn, full, ids, json, open, OYUN, portal, says, stage, staged, stop, uploads } from './outbox_stage'
import type { Item } from './store'

staged()
afterEach(() => { vi.restoreAllMocks() })

const DAY = 86_400_000
const receipts = (): string[][] => stage.asked.filter(({ path }) => path.endsWith('/receipts')).map(({ body }) => body.ids.toSorted())
const sentIds = (): string[][] => uploads().map(({ body }) => body.items.map(({ id }: Item) => id))

/** A server of one life, which lacks what it is told that it lacks. */
function living(epoch: number, lacks: Item[] = []): Answerer {
  const lacking = new Set(lacks.map(({ id }) => id))
  stage.epoch = epoch
  return (one) => {
    if (!one.path.endsWith('/receipts')) {
      for (const { id } of one.body.items ?? []) lacking.delete(id)
      return says('stored')(one)
    }
    return json({ missing: one.body.ids.filter((id: string) => lacking.has(id)), server_epoch: epoch })
  }
}

/** Items that the server of the first life has acknowledged. */
async function acknowledged(count: number): Promise<Item[]> {
  const items = await adding(count)
  await stage.outbox.send(BATU)
  stage.asked.length = 0
  return items
}

const later = (days: number): void => { vi.spyOn(Date, 'now').mockReturnValue(Date.now() + days * DAY) }

test('after another epoch, what the server lacks is sent again, once', async () => {
  const [there, lost] = await acknowledged(2)
  stage.server = living(2, [lost!])
  const [next] = await adding(1)
  for (let i = 0; i < 3; i += 1) await stage.outbox.send(BATU)
  expect([sentIds(), receipts(), await ids()]).toEqual([[[next!.id], [lost!.id]], [[there!.id, lost!.id].sort()], []])
})

test('while the epoch stays, nothing is asked', async () => {
  await acknowledged(2)
  await adding(1)
  await stage.outbox.send(BATU)
  expect([receipts(), uploads().length]).toEqual([[], 1])
})

test('after a second restore it is sent a second time', async () => {
  const [lost] = await acknowledged(1)
  for (const epoch of [2, 3]) {
    stage.outbox.doubt()
    stage.server = living(epoch, [lost!])
    await stage.outbox.send(BATU)
  }
  expect(sentIds()).toEqual([[lost!.id], [lost!.id]])
})

test.each([
  ['in doubt', () => stage.outbox.doubt()],
  ['after a restart', () => { stage.outbox.close(); stage.outbox = open() }],
])('%s, a phone with nothing to send asks as well', async (_, change) => {
  const [lost] = await acknowledged(1)
  change()
  stage.server = living(2, [lost!])
  await stage.outbox.send(BATU)
  await stage.outbox.send(BATU)
  expect([receipts(), sentIds()]).toEqual([[[], [lost!.id]], [[lost!.id]]])
})

test('it comes before what was recorded later', async () => {
  const [lost] = await acknowledged(1)
  stage.outbox.doubt()
  stage.server = (one) => one.path.endsWith('/receipts') ? living(2, [lost!])(one) : json({}, 503)
  await stop()
  const [next] = await adding(1)
  expect(await ids()).toEqual([lost!.id, next!.id])
})

test('more than one question holds is asked for in several', async () => {
  const items = await acknowledged(501)
  stage.outbox.doubt()
  stage.server = living(2, items)
  await stage.outbox.send(BATU)
  expect([receipts().map(({ length }) => length), sentIds().flat().length]).toEqual([[0, 500, 1], 501])
})

test.each([
  ['a page', () => new Response(portal, { headers: { 'Content-Type': 'text/html' } })],
  ['an answer without a list', () => json({ server_epoch: 2 })],
  ['no answer', () => { throw new TypeError('Failed to fetch') }],
])('%s to the question leaves it for the next time', async (_, answer) => {
  const [lost] = await acknowledged(1)
  stage.outbox.doubt()
  stage.server = answer
  await stop()
  stage.server = living(2, [lost!])
  await stage.outbox.send(BATU)
  expect(sentIds()).toEqual([[lost!.id]])
})

test('each member is asked for with their own session only', async () => {
  const [lost] = await acknowledged(1)
  stage.server = living(2, [lost!])
  await stage.outbox.add(OYUN.id, checkIn())
  await stage.outbox.send(OYUN)
  const before = receipts()
  await stage.outbox.send(BATU)
  expect([before, receipts(), uploads().at(-1)!.token]).toEqual([[], [[lost!.id]], 'Bearer batu-token'])
})

test('a photo is asked for by its name, and sent again where it is not', async () => {
  const [lost, there] = [await stage.outbox.addPhoto(BATU.id, new ArrayBuffer(8), 'image/jpeg'), await stage.outbox.addPhoto(BATU.id, new ArrayBuffer(9), 'image/jpeg')]
  const takes: Answerer = (one) => one.path.includes('/media/') ? json({ sha256: one.path.split('/').at(-1) }, 201) : says('stored')(one)
  stage.server = takes
  await acknowledged(1)
  stage.outbox.doubt()
  const restored = living(2)
  stage.server = (one) => one.method === 'HEAD'
    ? new Response(null, one.path.endsWith(there) ? { status: 200, headers: { 'X-Trace-Id': 't' } } : { status: 404 })
    : one.path.includes('/media/') ? takes(one) : restored(one)
  await stage.outbox.send(BATU)
  await stage.outbox.send(BATU)
  const media = stage.asked.filter(({ path }) => path.includes('/media/')).map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)
  expect([media.sort(), (await stage.outbox.photos(BATU.id)).length]).toEqual([[`HEAD ${lost}`, `HEAD ${there}`, `PUT ${lost}`].sort(), 0])
})

test.each([['check_in', 6, 1], ['check_in', 8, 0], ['track', 2, 1], ['track', 4, 0], ['alarm', 0.03, 1], ['alarm', 0.1, 0]])(
  'a sent %s that is %d days old comes again %d times', async (type, days, times) => {
    const [lost] = await adding(1, { type })
    await stage.outbox.send(BATU)
    later(days)
    await stage.outbox.send(BATU)
    stage.asked.length = 0
    stage.outbox.doubt()
    stage.server = living(2, [lost!])
    await stage.outbox.send(BATU)
    expect(uploads().length).toBe(times)
  },
)

test('what is sent makes room for what is not', async () => {
  await acknowledged(1)
  const room = full()
  const erase = IDBObjectStore.prototype.delete
  vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (this: IDBObjectStore, key) {
    room()
    return erase.call(this, key)
  })
  const [item] = await adding(1)
  expect([(await stage.outbox.summary(BATU.id)).unsaved, await ids()]).toEqual([0, [item!.id]])
})

test('with a full storage nothing is lost, and it is asked for again when there is room', async () => {
  const [lost] = await acknowledged(1)
  stage.outbox.doubt()
  stage.server = living(2, [lost!])
  const room = full()
  await stage.outbox.send(BATU)
  room()
  const before = uploads().length
  await stage.outbox.send(BATU)
  expect([before, sentIds()]).toEqual([0, [[lost!.id]]])
})

test('whoever withdraws the consent has no tracks kept', async () => {
  await adding(1, { type: 'track' })
  const [kept] = await acknowledged(1)
  await stage.outbox.forgetTracks(BATU.id)
  stage.outbox.doubt()
  stage.server = living(2)
  await stage.outbox.send(BATU)
  expect(receipts()).toEqual([[], [kept!.id]])
})
