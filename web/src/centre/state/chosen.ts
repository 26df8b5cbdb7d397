/** The grid whose card is open. */
import { computed, ref, shallowRef } from 'vue'
import { grid } from '../../shared/api'
import { widen } from '../../shared/map/features'
import { Problem } from '../../shared/problem'
import type { GridFeature } from '../../shared/types'
import { chosenAlone, grids } from './live'
import { endsSession } from '../../shared/session'
import { view } from './view'

const feature = shallowRef<GridFeature | null>(null)
export const chosenProblem = ref<Problem | 'unreachable' | null>(null)

export const chosenFeature = computed(() => (feature.value?.properties.code === view.grid ? feature.value : null))
export const chosenRow = computed(() => {
  if (!view.grid) return null
  const shown = grids.value?.find((row) => row.code === view.grid)
  return shown ?? (chosenAlone.value?.code === view.grid ? chosenAlone.value : null)
})

export async function loadChosen(): Promise<void> {
  const code = view.grid
  chosenProblem.value = null
  if (!code) return
  try {
    feature.value = await grid(code)
  } catch (error) {
    if (endsSession(error) || code !== view.grid) return
    chosenProblem.value = error instanceof Problem ? error : 'unreachable'
  }
}

export function boxOf(given: GridFeature): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  widen(box, given.geometry.coordinates)
  return box
}
