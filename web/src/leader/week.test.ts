import { expect, test } from 'vitest'
import { dayName, daysFrom, mondayOf, pieces, rows } from './week'

const at = (text: string): number => Date.parse(`${text}+08:00`)
const shift = (starts: string, ends: string, id = 'a') => ({ id, starts_at: `${starts}+08:00`, ends_at: `${ends}+08:00` })
const MONDAY = at('2026-11-23T00:00:00')

test.each(['2026-11-23T00:00:00', '2026-11-25T12:00:00', '2026-11-29T23:59:59'])('the week of %s begins on its Monday', (now) => {
  expect(mondayOf(at(now))).toBe(MONDAY)
})

test('weeks before and after are counted from this one', () => {
  expect([mondayOf(at('2026-11-25T12:00:00'), -1), mondayOf(at('2026-11-25T12:00:00'), 1)].map(dayName)).toEqual(['2026-11-16', '2026-11-30'])
})

test('a day is named as it is called in Shanghai', () => {
  expect(daysFrom(MONDAY).map(dayName)[6]).toBe('2026-11-29')
})

test('a shift of an evening is one piece', () => {
  expect(pieces([shift('2026-11-24T18:00:00', '2026-11-24T21:00:00')], MONDAY)).toMatchObject(
    [{ day: 1, from: 0.75, to: 0.875, begunBefore: false, goesOn: false }])
})

test('a shift past midnight goes on in the next day', () => {
  expect(pieces([shift('2026-11-24T22:00:00', '2026-11-25T02:00:00')], MONDAY)).toMatchObject(
    [{ day: 1, to: 1, goesOn: true, begunBefore: false }, { day: 2, from: 0, goesOn: false, begunBefore: true }])
})

test('a shift that ends at midnight leaves nothing in the next day', () => {
  expect(pieces([shift('2026-11-24T22:00:00', '2026-11-25T00:00:00')], MONDAY)).toHaveLength(1)
})

test('of a shift that began last week this week has the rest', () => {
  expect(pieces([shift('2026-11-22T23:00:00', '2026-11-23T01:00:00')], MONDAY)).toMatchObject([{ day: 0, from: 0, begunBefore: true }])
})

test('what lies in another week is left away', () => {
  expect(pieces([shift('2026-11-30T08:00:00', '2026-11-30T09:00:00'), shift('2026-11-22T08:00:00', '2026-11-23T00:00:00')], MONDAY)).toEqual([])
})

test('the pieces of a shift are as long as its part of the week', () => {
  for (let hours = 1; hours <= 24; hours += 1) {
    const end = new Date(at('2026-11-25T17:30:00') + hours * 3_600_000).toISOString()
    const cut = pieces([{ starts_at: '2026-11-25T17:30:00+08:00', ends_at: end }], MONDAY)
    expect(cut.reduce((sum, { from, to }) => sum + to - from, 0) * 24).toBeCloseTo(hours)
  }
})

test('a shift stands in the row of each thing it belongs to', () => {
  const made = rows([{ id: 'x', name: 'X' }, { id: 'y', name: 'Y' }, { id: 'z', name: 'Z' }],
    [shift('2026-11-24T18:00:00', '2026-11-24T21:00:00')], MONDAY, () => ['x', 'z', 'elsewhere'])
  expect(made.map(({ days }) => days[1]!.length)).toEqual([1, 0, 1])
})
