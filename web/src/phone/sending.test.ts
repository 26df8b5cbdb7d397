import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Stop } from './answers'
import { Sending, pause, type Progress } from './sending'

const BATU = { id: 'batu', token: 't' }
let sent: number[]
let fails: (Stop | null)[]
let progress: Progress
let sending: Sending
let sender: typeof BATU | null

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  sent = []
  fails = []
  sender = BATU
  const send = async (): Promise<void> => {
    sent.push(Date.now())
    const stop = fails.shift()
    if (stop) throw stop
  }
  sending = new Sending({ send }, () => sender, (next) => { progress = next })
})
afterEach(() => vi.useRealTimers())

test('pauses double up to five minutes', () => {
  expect([0, 1, 2, 8, 9, 40].map((failures) => pause(failures, null, 1))).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000])
})

test('pauses are spread', () => expect([pause(6, null, 0.25), pause(6, null, 0.75)]).toEqual([16_000, 48_000]))
test('no pause is shorter than the server asks for', () => expect(pause(0, 90_000, 0)).toBe(90_000))

test('some things that come together are sent together', async () => {
  for (let i = 0; i < 5; i += 1) sending.soon()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sent.length).toBe(1)
})

test('after a failure it is tried again, until it works', async () => {
  fails = [new Stop('unreachable'), new Stop('busy', 20_000), null]
  sending.now()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([sent.length, progress.why, sent[2]! - sent[1]! >= 20_000]).toEqual([3, null, true])
})

test('what comes during a pause does not cut it short', async () => {
  fails = [new Stop('busy', 60_000)]
  sending.now()
  await vi.advanceTimersByTimeAsync(1_000)
  sending.soon()
  await vi.advanceTimersByTimeAsync(50_000)
  expect(sent.length).toBe(1)
})

test('the network that is back does', async () => {
  fails = [new Stop('unreachable', 60_000)]
  sending.now()
  await vi.advanceTimersByTimeAsync(1_000)
  sending.now()
  await vi.advanceTimersByTimeAsync(10)
  expect(sent.length).toBe(2)
})

test('it says why it waits, and until when', async () => {
  fails = [new Stop('foreign', 30_000)]
  sending.now()
  await vi.advanceTimersByTimeAsync(1)
  expect([progress.why, progress.nextAt! >= 30_000]).toEqual(['foreign', true])
})

test('who must sign in again is not tried for', async () => {
  fails = [new Stop('signed_out')]
  sending.now()
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect([sent.length, progress.why]).toEqual([1, 'signed_out'])
})

test('nobody signed in sends nothing', async () => {
  sender = null
  sending.now()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sent).toEqual([])
})
