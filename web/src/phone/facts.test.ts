import { expect, test } from 'vitest'
import { factsIn, factsOf } from './facts'

const ARREARS = { required: ['text', 'people', 'amount_yuan', 'photos'] }

test('text and photos have fields of their own', () => expect(factsOf(ARREARS)).toEqual(['people', 'amount_yuan']))

test('a number is told as one, anything else as it was written', () => {
  expect(factsIn(ARREARS, { people: ' 12 ', amount_yuan: '36000.50' })).toEqual({ people: 12, amount_yuan: 36000.5 })
  expect(factsIn(ARREARS, { people: '十二人', amount_yuan: '1e9' })).toEqual({ people: '十二人', amount_yuan: '1e9' })
})

test('what was not written, or is not asked for, is not told', () => {
  expect(factsIn(ARREARS, { people: '  ', colour: 'red' })).toEqual({})
})
