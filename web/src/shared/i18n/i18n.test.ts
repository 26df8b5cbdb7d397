import { expect, test } from 'vitest'
import { words as leader } from '../../leader/words'
import { words as phone } from '../../phone/words'
import { en } from './en'
import { fill } from './index'
import { zh } from './zh'

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort()

test('both languages say the same things', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
})

test('no message is empty', () => {
  expect([...Object.values(zh), ...Object.values(en)].filter((text) => !text.trim())).toEqual([])
})

test('translations leave the same holes to fill', () => {
  for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, holes(en[key])]).toEqual([key, holes(zh[key])])
  for (const [word, [first, second]] of Object.entries({ ...leader, ...phone })) expect([word, holes(second)]).toEqual([word, holes(first)])
})

test('a hole without a value stays visible', () => {
  expect(fill('{n} 秒前', { n: 8 })).toBe('8 秒前')
  expect(fill('{n} 秒前', {})).toBe('{n} 秒前')
})
