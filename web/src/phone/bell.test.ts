import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Bell, isMuted, mute, recallMuted } from './bell'

let started: [number, number][]
let made: number
let bell: Bell

/** The part of the Web Audio API that is used, with what was asked of it. */
function context(): AudioContext {
  made += 1
  const gain = { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined }
  return {
    state: 'suspended', currentTime: 1, destination: {}, resume: async () => undefined,
    createGain: () => ({ gain, connect: () => undefined }),
    createOscillator: () => {
      const frequency = { value: 0 }
      return { frequency, connect: (to: unknown) => to, start: (at: number) => { started.push([frequency.value, at]) }, stop: () => undefined }
    },
  } as unknown as AudioContext
}
const soon = (): Promise<void> => new Promise((done) => setTimeout(done))

beforeEach(() => {
  [started, made] = [[], 0]
  bell = new Bell(context)
})
afterEach(() => mute(false))

test('a page that nobody has touched stays silent', async () => {
  bell.ring()
  await soon()
  expect([made, started]).toEqual([0, []])
})

test('after a touch two tones sound in turn, thrice', async () => {
  bell.unlock()
  bell.unlock()
  bell.ring()
  await soon()
  const at = started.map(([, from]) => from)
  expect([made, started.map(([tone]) => tone), at.every((from, i) => i === 0 || from > at[i - 1]!)]).toEqual([1, [880, 660, 880, 660, 880, 660], true])
})

test('whoever wants no sound hears none, after a restart too', async () => {
  await mute(true)
  isMuted.value = false
  await recallMuted()
  bell.unlock()
  bell.ring()
  await soon()
  expect([isMuted.value, started]).toEqual([true, []])
})
