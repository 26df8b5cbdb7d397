/** A question about the chosen area, asked again whenever its answer may have changed. */
import { shallowRef, type ShallowRef } from 'vue'
import { may, type Permission } from '../../shared/may'
import { Problem, Unreachable } from '../../shared/problem'
import { endsSession } from '../../shared/session'
import { view } from './view'

const SPACE = 5_000

export interface Asked<T> {
  /** Null until it is known, and for whoever may not know. */
  answer: ShallowRef<T | null>
  load(): Promise<void>
  /** Loads once for all that is heard within a while. */
  soon(): void
  forget(): void
}

interface Manner {
  /** The time, in ms, that lies between two answers at least, however much is heard. */
  space?: number
  /** What the answer is of; that of something else is not shown meanwhile. */
  of?(): string | null
}

/** Whoever has not the permission asks nothing. */
export function asked<T>(
  permission: Permission, question: (of: string, signal: AbortSignal) => Promise<T>, { space = SPACE, of = () => view.area }: Manner = {},
): Asked<T> {
  const answer = shallowRef<T | null>(null)
  let answered: string | null = null
  let answeredAt = 0
  let running: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    running?.abort()
    const wanted = of()
    if (!wanted || !may(permission)) return
    if (answered !== wanted) answer.value = null
    running = new AbortController()
    const { signal } = running
    try {
      const told = await question(wanted, signal)
      if (signal.aborted) return
      answer.value = told
      answered = wanted
    } catch (error) {
      if (signal.aborted || endsSession(error)) return
      if (!(error instanceof Problem || error instanceof Unreachable)) throw error
    }
    answeredAt = Date.now()
  }

  function soon(): void {
    timer ??= setTimeout(load, Math.max(300, answeredAt + space - Date.now()))
  }

  function forget(): void {
    clearTimeout(timer)
    timer = undefined
    running?.abort()
    answer.value = null
    answered = null
  }

  return { answer, load, soon, forget }
}
