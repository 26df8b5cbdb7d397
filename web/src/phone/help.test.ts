import { beforeEach, expect, test } from 'vitest'
import { Help, type Alarm, type Call, type Calling } from './help'
import type { Item } from './store'

const PLACE = { lon: 97.37, lat: 37.37, accuracy_m: 6 }

let help: Help
let kept: Calling | null
let shown: Calling | null
let queued: Item[]
let raised: Call[]
let looked: string[]
let alarms: Map<string, Alarm>
let isOnline: boolean

const alarm = (id: string, fields: Partial<Alarm> = {}): Alarm => ({
  id, status: 'raised', level: 'leader', way: 'phone', recorded_at: '', area: null, member: null, position: null, accuracy_m: null,
  grid: null, told: {}, steps: [], allowed: [], ...fields,
})

/** A server that keeps what reaches it; its answers are lost while the phone is offline. */
const start = (): Help => new Help({
  add: async (_, item) => { queued.push(item) },
  raise: async (call) => {
    raised.push(call)
    if (!isOnline) return null
    if (!alarms.has(call.id)) alarms.set(call.id, alarm(call.id))
    return alarms.get(call.id)!
  },
  look: async (id) => { looked.push(id); return isOnline ? alarms.get(id)! : null },
  keep: async (calling) => { kept = structuredClone(calling) },
  recall: async () => kept,
  told: (calling) => { shown = calling },
})

beforeEach(() => {
  ;[kept, shown, queued, raised, looked, alarms, isOnline] = [null, null, [], [], [], new Map(), true]
  help = start()
})

test('a call is told at once, and by the outbox under the same id and with the same words', async () => {
  await help.call('batu', PLACE)
  expect(queued).toEqual([{ type: 'alarm', ...raised[0] }])
  expect([raised.length, raised[0]!.lon, shown?.alarm?.status]).toEqual([1, 97.37, 'raised'])
})

test('a second press while help is called is the same call', async () => {
  await help.call('batu', PLACE)
  await help.call('batu', {})
  expect([alarms.size, queued.length, raised.length]).toEqual([1, 1, 1])
})

test('two presses at once are one call', async () => {
  await Promise.all([help.call('batu', PLACE), help.call('batu', PLACE)])
  expect([alarms.size, queued.length, raised.length]).toEqual([1, 1, 1])
})

test('without a network it is kept, and told again until it is answered, always the same', async () => {
  isOnline = false
  await help.call('batu', PLACE)
  await help.follow()
  isOnline = true
  await help.follow()
  await help.follow()
  expect([new Set(raised.map((call) => JSON.stringify(call))).size, raised.length, looked.length, queued.length]).toEqual([1, 3, 1, 1])
})

test('after a restart the same call is told', async () => {
  isOnline = false
  await help.call('batu', PLACE)
  const { id } = shown!.call
  isOnline = true
  help = start()
  await help.resume('batu')
  expect([[...alarms.keys()], queued.length]).toEqual([[id], 1])
})

test('whoever comes next sees no call of the former member, and calls for themselves', async () => {
  isOnline = false
  await help.call('batu', PLACE)
  help = start()
  await help.resume('oyun')
  expect(shown).toBe(null)
  await help.call('oyun', PLACE)
  expect(queued.length).toBe(2)
})

test('after a call that is over the next press is another call', async () => {
  await help.call('batu', PLACE)
  await help.note(alarm(shown!.call.id, { status: 'false_alarm' }))
  await help.call('batu', PLACE)
  expect([alarms.size, queued.length]).toEqual([2, 2])
})

test('how it stands is asked for until it is over', async () => {
  await help.call('batu', PLACE)
  alarms.set(shown!.call.id, alarm(shown!.call.id, { status: 'accepted' }))
  await help.follow()
  expect(shown!.alarm!.status).toBe('accepted')
  await help.note(alarm(shown!.call.id, { status: 'resolved' }))
  await help.follow()
  expect(looked.length).toBe(1)
})

test('only a call that is over is put away', async () => {
  await help.call('batu', PLACE)
  await help.close()
  expect(kept).not.toBe(null)
  await help.note(alarm(shown!.call.id, { status: 'resolved' }))
  await help.close()
  expect([kept, shown]).toEqual([null, null])
})
