import { expect, test } from 'vitest'
import { words as leader } from '../../leader/words'
import { words as phone } from '../../phone/words'
import { zh } from './zh'

const sources = import.meta.glob<string>('/src/**/*.{ts,vue}', { query: '?raw', import: 'default', eager: true })
const isSource = (path: string): boolean => !/(\/words|\/zh|\/en|\.test|\.d)\.ts$/.test(path)

/** What stands in quotes in the files of some folders: whole words, and what words begin with, as `role_`. */
function quoted(...folders: string[]): { words: Set<string>; beginnings: string[] } {
  const files = Object.entries(sources).filter(([path]) => isSource(path) && folders.some((folder) => path.startsWith(`/src/${folder}/`)))
  const found = files.flatMap(([, text]) => [...text.matchAll(/['"`](\w+)(?:['"`]|\$\{)/g)].map((match) => match[1]!))
  return { words: new Set(found), beginnings: found.filter((word) => word.endsWith('_')) }
}

function unused(keys: string[], ...folders: string[]): string[] {
  const { words, beginnings } = quoted(...folders)
  return keys.filter((key) => !words.has(key) && !beginnings.some((beginning) => key.startsWith(beginning)))
}

test('the files of the pages are read', () => {
  expect(quoted('shared', 'centre').words.has('sign_in')).toBe(true)
})

test('every word of the centre and of all pages is said somewhere', () => {
  expect(unused(Object.keys(zh), 'centre', 'leader', 'phone', 'shared')).toEqual([])
})

test('every word of the leader is said somewhere', () => {
  expect(unused(Object.keys(leader), 'leader', 'shared')).toEqual([])
})

test('every word of the phone is said somewhere', () => {
  expect(unused(Object.keys(phone), 'phone', 'shared')).toEqual([])
})
