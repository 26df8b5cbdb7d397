import { expect, test } from 'vitest'
import { faultsOf } from './problem'

test('what is wrong is said by field, however deep it lies', () => {
  expect(faultsOf({ to: ['Must lie after `from`.'], limits: { days: ['Names a day twice.'] } }))
    .toEqual(['to: Must lie after `from`.', 'limits.days: Names a day twice.'])
})

test('a problem without fields says nothing of them', () => {
  expect([null, undefined, {}, []].flatMap((each) => faultsOf(each))).toEqual([])
})
