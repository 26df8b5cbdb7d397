/** Words of one page or part of it, Chinese first: each a pair. */
import { fill, language } from './i18n'

type Words = Record<string, readonly [zh: string, en: string]>

export interface Speech<Word extends string> {
  say(word: Word, values?: Record<string, string | number>): string
  /** The word for a code that the server may widen; the code itself where there is none yet. */
  sayCode(prefix: string, code: string): string
}

export function speech<const Given extends Words>(words: Given): Speech<Extract<keyof Given, string>> {
  const say = (word: keyof Given, values = {}): string => fill(words[word]![language.value === 'en' ? 1 : 0], values)
  const sayCode = (prefix: string, code: string): string => (prefix + code in words ? say(prefix + code) : code)
  return { say, sayCode }
}

/** Of the two sentences that the server gives, the one in the reader's language. */
export function spoken(told: { zh: string; en: string }): string {
  return language.value === 'en' ? told.en : told.zh
}
