import { expect, test } from 'vitest'
import { fieldsOf, saidOf, untilDue } from './matters'

const NOW = Date.parse('2026-11-24T20:00:00+08:00')

test('a limit that has passed is said to be over', () => {
  expect(untilDue('2026-11-24T18:30:00+08:00', NOW)).toEqual({ isOver: true, text: '超期 1 小时' })
})

test.each([['2026-11-24T20:00:30+08:00', '剩 1 分钟'], ['2026-11-25T20:00:00+08:00', '剩 24 小时'], ['2026-11-27T19:00:00+08:00', '剩 2 天']])(
  'what is left until %s is said in its largest unit', (due, text) => { expect(untilDue(due, NOW).text).toBe(text) })

test('a step that takes nothing may have a note', () => {
  expect(fieldsOf({ needs: [], may: [], reasons: [] })).toEqual([{ name: 'note', needed: false }])
})

test('what a step needs stands before what it may have', () => {
  expect(fieldsOf({ needs: ['reason', 'review_at'], may: [], reasons: ['law'] }).map(({ name, needed }) => [name, needed]))
    .toEqual([['reason', true], ['review_at', true], ['note', false]])
})

test('a note that is needed is asked for once', () => {
  expect(fieldsOf({ needs: ['note'], may: [], reasons: [] })).toEqual([{ name: 'note', needed: true }])
})

test('what was left empty is not said', () => {
  expect(saidOf('file', 3, { class: '', note: '  ' })).toEqual({ step: 'file', version: 3 })
})

test('photos are told of where there are any', () => {
  expect(saidOf('handle', 2, {}, ['ab'])).toEqual({ step: 'handle', version: 2, photos: ['ab'] })
})

test('a matter is given to one person or one team', () => {
  expect(saidOf('dispatch', 1, { team_id: 't', assignee_id: 'm' })).toEqual({ step: 'dispatch', version: 1, assignee_id: 'm' })
})
