import { expect, test } from 'vitest'
import { ago, clock, customSpan, fromLocalInput, moment, slices, startOfDay, toLocalInput, windowOf } from './time'

const NOW = Date.parse('2026-11-23T17:20:30Z')

test('a day begins at midnight in Shanghai', () => {
  expect(new Date(startOfDay(NOW)).toISOString()).toBe('2026-11-23T16:00:00.000Z')
})

test('the last 24 hours are left to the server', () => {
  expect(windowOf('24h', NOW)).toEqual({})
})

test('windows keep their bounds for a whole hour', () => {
  for (const name of ['1h', 'today', '7d'] as const) {
    expect(windowOf(name, NOW)).toEqual(windowOf(name, NOW + 30 * 60_000))
  }
})

test('a window covers what its name promises', () => {
  const { from, to } = windowOf('1h', NOW)
  expect(Date.parse(from!)).toBeLessThanOrEqual(NOW - 3_600_000)
  expect(Date.parse(to!)).toBeGreaterThanOrEqual(NOW)
})

test('what is typed is Shanghai time, wherever the browser stands', () => {
  expect(fromLocalInput('2026-11-24T01:20')).toBe(Date.parse('2026-11-23T17:20:00Z'))
  expect(toLocalInput(NOW)).toBe('2026-11-24T01:20')
})

test('a window that ends before it starts is none', () => {
  expect(customSpan('2026-11-24T02:00', '2026-11-24T01:00')).toBeNull()
  expect(customSpan('', '2026-11-24T01:00')).toBeNull()
})

test('clocks show Shanghai time', () => {
  expect(clock(NOW, 'zh-CN')).toBe('01:20:30')
  expect(moment(NOW, 'en')).toContain('01:20')
})

test('time that has passed is told in its largest fitting unit', () => {
  const passed = [0, 8_000, 90_000, 3 * 3_600_000, 3 * 86_400_000]
  expect(passed.map((ms) => ago(NOW - ms, NOW))).toEqual([
    { key: 'just_now', n: 0 }, { key: 'seconds_ago', n: 8 }, { key: 'minutes_ago', n: 1 },
    { key: 'hours_ago', n: 3 }, { key: 'days_ago', n: 3 },
  ])
})

test('a clock that runs ahead never gives a negative time', () => {
  expect(ago(NOW + 60_000, NOW).key).toBe('just_now')
})

test('a window earlier is as long as the one now', () => {
  const { from, to } = windowOf('24h', NOW, undefined, 48)
  expect(Date.parse(to!)).toBeLessThanOrEqual(NOW - 47 * 3_600_000)
  expect(Date.parse(to!) - Date.parse(from!)).toBeGreaterThanOrEqual(24 * 3_600_000)
})

test('slices follow each other up to the end of the window', () => {
  const parts = slices(NOW - 24 * 3_600_000, NOW)
  expect(parts.slice(1).map(({ from }) => from)).toEqual(parts.slice(0, -1).map(({ to }) => to))
  expect(parts.length).toBeLessThanOrEqual(12)
  expect(Date.parse(parts[parts.length - 1]!.to)).toBeGreaterThanOrEqual(NOW)
})

test('a short window is seen with the hours before it', () => {
  expect(slices(NOW - 3_600_000, NOW)).toHaveLength(12)
})
