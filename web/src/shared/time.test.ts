import { expect, test } from 'vitest'
import { ago, clock, customSpan, fromLocalInput, lastDays, moment, startOfDay, toLocalInput, tonight, windowOf } from './time'

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

test('the night is the one under way, or else the one to come', () => {
  const night = (at: string) => Object.values(tonight(Date.parse(at)))
  expect(night('2026-11-24T10:00:00+08:00')).toEqual(['2026-11-24T12:00:00.000Z', '2026-11-24T22:00:00.000Z'])
  expect(night('2026-11-25T03:20:00+08:00')).toEqual(['2026-11-24T19:00:00.000Z', '2026-11-24T22:00:00.000Z'])
  expect(night('2026-11-25T06:00:00+08:00')[0]).toBe('2026-11-25T12:00:00.000Z')
})

test('the last days end with the day of a moment, and midnight belongs to the day before', () => {
  expect(lastDays(2, NOW)).toEqual({ from: '2026-11-22T16:00:00.000Z', to: '2026-11-24T16:00:00.000Z' })
  expect(lastDays(1, Date.parse('2026-11-24T00:00:00+08:00')).from).toBe('2026-11-22T16:00:00.000Z')
})
