import { expect, test } from 'vitest'
import { adding, type Asked, BATU, checkIn, ids, OYUN, stage, staged, uploads } from './outbox_stage'
import type { Item } from './store'

staged()

test('whoever signs in next neither sees nor sends what came before', async () => {
  await adding(2)
  await stage.outbox.add(OYUN.id, checkIn())
  const [oyuns] = await ids(OYUN)
  await stage.outbox.send(OYUN)
  expect(stage.asked.map(({ token, body }) => [token, body.items.map(({ id }: Item) => id)])).toEqual([['Bearer oyun-token', [oyuns]]])
  expect([(await ids()).length, (await ids(OYUN)).length]).toEqual([2, 0])
})

test('the former member sends it all after signing in again', async () => {
  const items = await adding(2)
  await stage.outbox.addPoint(BATU.id, 'p', [1, 97.3, 37.3, 5])
  await stage.outbox.send(OYUN)
  await stage.outbox.send(BATU)
  const [{ body, token }] = uploads() as [Asked]
  expect([token, body.items.length, body.items.slice(0, 2).map(({ id }: Item) => id)]).toEqual(['Bearer batu-token', 3, items.map(({ id }) => id)])
})

test('others are only counted', async () => {
  await adding(2)
  await stage.outbox.addPhoto(BATU.id, new ArrayBuffer(8), 'image/jpeg')
  const { items, photos, others } = await stage.outbox.summary(OYUN.id)
  expect([items, photos, others]).toEqual([0, 0, 3])
})
