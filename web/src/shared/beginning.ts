/** How a desk's page begins: with the tree of the areas that its member may see. */
import { onUnmounted, ref, type Ref } from 'vue'
import { forgetAreas, loadAreas } from './areas'
import { Problem, Unreachable } from './problem'
import { endsSession, member } from './session'

const PAUSE = 5_000 // ms

export interface Beginning {
  /** Why the areas are not there yet. */
  failure: Ref<Problem | 'unreachable' | null>
  /** Asks for them, again and again until they are there. */
  begin(): Promise<void>
}

/** `then` follows once the areas are there; they go with the page. */
export function useBeginning(then: () => void): Beginning {
  const failure = ref<Problem | 'unreachable' | null>(null)
  let again: ReturnType<typeof setTimeout> | undefined

  async function begin(): Promise<void> {
    clearTimeout(again)
    failure.value = null
    try {
      await loadAreas(member.value?.area?.code)
    } catch (error) {
      if (!(error instanceof Problem || error instanceof Unreachable)) throw error
      if (endsSession(error)) return
      failure.value = error instanceof Problem ? error : 'unreachable'
      again = setTimeout(begin, PAUSE)
      return
    }
    then()
  }

  onUnmounted(() => {
    clearTimeout(again)
    forgetAreas()
  })
  return { failure, begin }
}
