/** What a class of matters asks for by name, as somebody writes it and as an item bears it. */
import type { MatterClass } from './server'

const ELSEWHERE = ['text', 'photos'] // which have fields of their own
const NUMBER = /^\d{1,12}(\.\d{1,4})?$/

export const factsOf = ({ required }: Pick<MatterClass, 'required'>): string[] => required.filter((name) => !ELSEWHERE.includes(name))

/** The facts that were written: a number as a number, anything else as text, and nothing where nothing was written. */
export function factsIn(kind: Pick<MatterClass, 'required'>, written: Record<string, string>): Record<string, string | number> {
  return Object.fromEntries(factsOf(kind).flatMap((name) => {
    const text = written[name]?.trim()
    return text ? [[name, NUMBER.test(text) ? Number(text) : text]] : []
  }))
}
