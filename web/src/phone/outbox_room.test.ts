import { expect, test } from 'vitest'
import { adding, BATU, full, ids, open, stage, staged, stop, uploads } from './outbox_stage'

staged()

test('a full storage drops nothing, and says so', async () => {
  const room = full()
  const [item] = await adding(1)
  const { items, unsaved } = await stage.outbox.summary(BATU.id)
  room()
  expect([items, unsaved, await ids()]).toEqual([1, 1, [item!.id]])
})

test('what had no room is stored once there is some', async () => {
  const room = full()
  await adding(2)
  await stage.outbox.addPoint(BATU.id, 'p', [1, 97.3, 37.3, 5])
  room()
  stage.server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  stage.outbox.close()
  stage.outbox = open()
  const { items, points, unsaved } = await stage.outbox.summary(BATU.id)
  expect([items, points, unsaved]).toEqual([2, 1, 0])
})

test('with a full storage everything is still sent, once', async () => {
  await adding(1)
  const room = full()
  await adding(2)
  await stage.outbox.send(BATU)
  await stage.outbox.send(BATU)
  room()
  expect([uploads().length, uploads()[0]!.body.items.length, await ids()]).toEqual([1, 3, []])
})

test('without room for a track, its points stay', async () => {
  await stage.outbox.addPoint(BATU.id, 'p', [1, 97.3, 37.3, 5])
  const room = full()
  await stage.outbox.gather(BATU.id)
  room()
  expect((await stage.outbox.summary(BATU.id)).points).toBe(1)
})
