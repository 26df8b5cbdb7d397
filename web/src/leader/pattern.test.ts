import { expect, test } from 'vitest'
import { DAYS, daysOf, endOf, lengthOf, ruleOf, type Day } from './pattern'

test('every set of weekdays comes back from its rule', () => {
  for (let set = 1; set < 128; set += 1) {
    const pressed = DAYS.filter((_, i) => set & (1 << i))
    expect(daysOf(ruleOf(pressed))).toEqual(pressed)
  }
})

test('the order in which days are pressed does not matter', () => {
  expect(ruleOf(['FR', 'MO'] as Day[])).toBe('FREQ=WEEKLY;BYDAY=MO,FR')
})

test('all days are a daily rule', () => {
  expect(ruleOf(DAYS)).toBe('FREQ=DAILY')
})

test('no day is no pattern', () => {
  expect(() => ruleOf([])).toThrow(RangeError)
})

test.each(['FREQ=MONTHLY;BYMONTHDAY=1', 'FREQ=WEEKLY;BYDAY=1MO', 'FREQ=DAILY;COUNT=3', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO'])(
  'buttons do not pretend to show %s', (rule) => { expect(daysOf(rule)).toBeNull() })

test('a shift may last past midnight', () => {
  expect([lengthOf('22:00', '02:00'), endOf('22:00', 240)]).toEqual([240, { clock: '02:00', nextDay: true }])
})

test('the same time twice is a whole day', () => {
  expect(lengthOf('08:00', '08:00')).toBe(1440)
})

test('lengths and ends agree at every quarter of an hour', () => {
  for (let minutes = 15; minutes <= 1440; minutes += 15) {
    expect(lengthOf('20:45', endOf('20:45', minutes).clock)).toBe(minutes)
  }
})
