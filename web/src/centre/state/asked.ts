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

/** Whoever has not the permission asks nothing. `space` is the time, in ms, that lies between two answers at least, however much is heard. */
export function asked<T>(
  permission: Permission, question: (area: string, signal: AbortSignal) => Promise<T>, space = SPACE,
): Asked<T> {
  const answer = shallowRef<T | null>(null)
  let of: string | null = null
  let answeredAt = 0
  let running: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    running?.abort()
    const { area } = view
    if (!area || !may(permission)) return
    if (of !== area) answer.value = null
    running = new AbortController()
    const { signal } = running
    try {
      const told = await question(area, signal)
      if (signal.aborted) return
      answer.value = told
      of = area
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
    of = null
  }

  return { answer, load, soon, forget }
}
