import { expect, test } from 'vitest'
import { uuid7 } from '../shared/ids'
import { retryAfter } from './answers'
import { adding, type Asked, BATU, ids, json, open, portal, problem, says, stage, staged, stop, verdict } from './outbox_stage'
import type { Item } from './store'

staged()

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
  stage.server = answer
  expect((await stop()).why).toBe('foreign')
  expect((await stage.outbox.list(BATU.id)).map(({ id, state }) => [id, state])).toEqual([[item!.id, 'waiting']])
})

test('no answer erases nothing', async () => {
  await adding(1)
  stage.server = () => { throw new TypeError('Failed to fetch') }
  expect((await stop()).why).toBe('unreachable')
  expect((await ids()).length).toBe(1)
})

test.each([401, 403])('%i keeps everything until the member signs in', async (status) => {
  await adding(2)
  stage.server = () => problem(status)
  expect((await stop()).why).toBe('signed_out')
  stage.server = says('stored')
  await stage.outbox.send({ ...BATU, token: 'a new one' })
  expect(await ids()).toEqual([])
})

test.each([[429, '7', 7_000], [503, '120', 120_000], [500, '', null], [502, '', null]])(
  '%i keeps everything and comes again after %s s', async (status, header, wait) => {
    await adding(1)
    stage.server = () => problem(status, 'Busy', header ? { 'Retry-After': header } : {})
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
  stage.server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  stage.server = (one) => one.path.endsWith('/receipts') ? json({ missing: [lost!.id] }) : says('stored')(one)
  await stage.outbox.send(BATU)
  expect(stage.asked.map(({ path, body }) => [path, (body.ids ?? body.items.map(({ id }: Item) => id))])).toEqual([
    ['/api/v1/uploads', [arrived!.id, lost!.id]],
    ['/api/v1/uploads/receipts', [arrived!.id, lost!.id]],
    ['/api/v1/uploads', [lost!.id]],
  ])
  expect(await ids()).toEqual([])
})

test('a lost answer is asked for after a restart too', async () => {
  const [item] = await adding(1)
  stage.server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  stage.outbox.close()
  stage.outbox = open()
  stage.server = () => json({ missing: [] })
  await stage.outbox.send(BATU)
  expect([stage.asked.at(-1)!.body.ids, await ids()]).toEqual([[item!.id], []])
})

test.each([
  ['a page', () => new Response(portal, { headers: { 'Content-Type': 'text/html' } })],
  ['an answer without a list', () => json({})],
  ['an answer about other ids', () => json({ missing: [uuid7()] })],
])('%s about a lost answer erases nothing', async (_, answer) => {
  await adding(1)
  stage.server = () => { throw new TypeError('Failed to fetch') }
  await stop()
  stage.server = answer
  await stop()
  expect((await ids()).length).toBe(1)
})

test('after a day without a server everything arrives, once', async () => {
  const items = await adding(20)
  stage.server = () => { throw new TypeError('Failed to fetch') }
  for (let hour = 0; hour < 24; hour += 1) {
    items.push(...await adding(1))
    await stop()
  }
  const stored: string[] = []
  stage.server = (one) => {
    if (one.path.endsWith('/receipts')) return json({ missing: one.body.ids })
    stored.push(...one.body.items.map(({ id }: Item) => id))
    return says('stored')(one)
  }
  await stage.outbox.send(BATU)
  expect([stored, await ids()]).toEqual([items.map(({ id }) => id), []])
})
