/** A team that is being dragged: over the window, with a pointer of any kind. */
import { ref, shallowRef } from 'vue'
import type { Team } from '../server'
import { begin } from './draft'

const FAR_ENOUGH = 6 // pixels from where it began; before that it is a press

interface Dragged { team: Team; x: number; y: number; onto: string | null }

export const dragged = ref<Dragged | null>(null)
/** Tells which grid lies under a place of the window; set by the map that is there. */
export const groundAt = shallowRef<((x: number, y: number) => string | null) | null>(null)

export function grab(event: PointerEvent, team: Team): void {
  if (event.button !== 0) return
  const [x0, y0] = [event.clientX, event.clientY]
  const handle = event.currentTarget as HTMLElement
  handle.setPointerCapture(event.pointerId)

  function move({ clientX: x, clientY: y }: PointerEvent): void {
    if (!dragged.value && Math.hypot(x - x0, y - y0) < FAR_ENOUGH) return
    dragged.value = { team, x, y, onto: groundAt.value?.(x, y) ?? null }
  }
  function stop(end: PointerEvent): void {
    handle.removeEventListener('pointermove', move)
    handle.removeEventListener('pointerup', stop)
    handle.removeEventListener('pointercancel', stop)
    const onto = end.type === 'pointerup' ? dragged.value?.onto : null
    dragged.value = null
    if (onto) begin(team.id, onto)
  }
  handle.addEventListener('pointermove', move)
  handle.addEventListener('pointerup', stop)
  handle.addEventListener('pointercancel', stop)
}
