import { expect, test } from 'vitest'
import { words } from './words'

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort()

test('both languages leave the same holes to fill', () => {
  for (const [word, [zh, en]] of Object.entries(words)) expect([word, holes(en)]).toEqual([word, holes(zh)])
})
