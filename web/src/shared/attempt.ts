/** A step that somebody takes on a page: one at a time, with what went wrong said in words. */
import { ref, type Ref } from 'vue'
import { t } from './i18n'
import { Problem, Unreachable } from './problem'

export interface Attempt {
  busy: Ref<boolean>
  failure: Ref<string | null>
  /** What went wrong, or null; what is no answer of a server is thrown on. */
  attempt(step: () => Promise<unknown>): Promise<Problem | Unreachable | null>
}

export function useAttempt(): Attempt {
  const busy = ref(false)
  const failure = ref<string | null>(null)
  async function attempt(step: () => Promise<unknown>): Promise<Problem | Unreachable | null> {
    busy.value = true
    failure.value = null
    try {
      await step()
      return null
    } catch (error) {
      if (!(error instanceof Problem || error instanceof Unreachable)) throw error
      failure.value = error instanceof Problem ? [error.title, error.detail].filter(Boolean).join(' ') : t('unreachable')
      return error
    } finally {
      busy.value = false
    }
  }
  return { busy, failure, attempt }
}

export function needsFactor(error: Problem | Unreachable | null): boolean {
  return error instanceof Problem && error.type === '/problems/second-factor-needed'
}
