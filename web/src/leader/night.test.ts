import { expect, test } from 'vitest'
import { NIGHTS, windowOf } from './night'

const at = (text: string): number => Date.parse(`${text}+08:00`)
const local = (text: string): string => new Date(at(text)).toISOString()

test.each([
  ['2026-11-24T08:00:00', '2026-11-24T20:00:00', '2026-11-24T23:00:00'],
  ['2026-11-24T22:59:59', '2026-11-24T20:00:00', '2026-11-24T23:00:00'],
  ['2026-11-24T23:00:00', '2026-11-25T20:00:00', '2026-11-25T23:00:00'],
])('the evening of %s is the one that is not over', (now, from, to) => {
  expect(windowOf('evening', at(now))).toEqual({ from: local(from), to: local(to) })
})

test('before dawn the night is still that of yesterday', () => {
  expect(windowOf('night', at('2026-11-25T05:59:00'))).toEqual({ from: local('2026-11-24T20:00:00'), to: local('2026-11-25T06:00:00') })
})

test('at dawn the night is the coming one', () => {
  expect(windowOf('night', at('2026-11-25T06:00:00')).from).toBe(local('2026-11-25T20:00:00'))
})

test('whatever the time is, the window is not over and begins within a day', () => {
  for (const night of NIGHTS) {
    for (let hour = 0; hour < 48; hour += 1) {
      const now = at('2026-11-24T00:00:00') + hour * 3_600_000
      const { from, to } = windowOf(night, now)
      expect(Date.parse(to)).toBeGreaterThan(now)
      expect(Date.parse(from) - now).toBeLessThanOrEqual(24 * 3_600_000)
    }
  }
})
