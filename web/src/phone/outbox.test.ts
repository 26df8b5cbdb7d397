import { expect, test } from 'vitest'
import { adding, BATU, checkIn, ids, json, open, OYUN, says, stage, staged, stop, uploads, verdict } from './outbox_stage'

staged()

test('what is recorded is there after a restart', async () => {
  const [item] = await adding(1)
  stage.outbox.close()
  stage.outbox = open()
  expect(await ids()).toEqual([item!.id])
})

test.each(['stored', 'duplicate', 'conflict', 'quarantined'])('what is %s goes away', async (status) => {
  await adding(2)
  stage.server = says(status)
  await stage.outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('what is rejected stays, with the reason', async () => {
  const [item] = await adding(1)
  stage.server = says('rejected')
  await stage.outbox.send(BATU)
  expect((await stage.outbox.list(BATU.id)).map(({ id, state, reason }) => [id, state, reason])).toEqual([[item!.id, 'refused', 'was rejected']])
})

test('what was rejected is not sent again by itself', async () => {
  await adding(1)
  stage.server = says('rejected')
  await stage.outbox.send(BATU)
  await stage.outbox.send(BATU)
  expect(uploads().length).toBe(1)
})

test('what was rejected is sent again when the member says so', async () => {
  await adding(1)
  stage.server = says('rejected')
  await stage.outbox.send(BATU)
  await stage.outbox.retry(BATU.id)
  stage.server = says('stored')
  await stage.outbox.send(BATU)
  expect(await ids()).toEqual([])
})

test('each item goes by its own verdict', async () => {
  const [first, second, third] = await adding(3)
  stage.server = ({ body }) => json({
    batch_id: body.batch_id, results: [verdict('stored')(first!), verdict('rejected')(second!), verdict('duplicate')(third!)],
  })
  await stage.outbox.send(BATU)
  expect(await ids()).toEqual([second!.id])
})

test('an item without a verdict stays', async () => {
  const [first, second] = await adding(2)
  stage.server = ({ body }) => json({ batch_id: body.batch_id, results: [verdict('stored')(first!)] })
  expect((await stop()).why).toBe('not_understood')
  expect(await ids()).toEqual([second!.id])
})

test('stored without durable is not enough', async () => {
  const [item] = await adding(1)
  stage.server = ({ body }) => json({ batch_id: body.batch_id, results: [{ id: item!.id, status: 'stored', durable: 'yes' }] })
  expect((await stop()).why).toBe('not_understood')
  expect(await ids()).toEqual([item!.id])
})

test('a verdict on an id that was not sent changes nothing', async () => {
  await adding(1)
  await stage.outbox.add(OYUN.id, checkIn())
  const [other] = await ids(OYUN)
  stage.server = ({ body }) => json({ batch_id: body.batch_id, results: [{ id: other, status: 'stored', durable: true }, ...body.items.map(verdict('stored'))] })
  await stage.outbox.send(BATU)
  expect(await ids(OYUN)).toEqual([other])
})
