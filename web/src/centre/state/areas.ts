/** The tree of areas that the signed-in member may see. */
import { computed, shallowRef } from 'vue'
import { allAreas } from '../../shared/api'
import { nameOf } from '../../shared/i18n'
import type { Area, Level } from '../../shared/types'

const FOUND_AT_MOST = 30
const LEVELS: readonly Level[] = ['prefecture', 'county', 'township', 'community']

const areas = shallowRef<ReadonlyMap<string, Area>>(new Map())

export const areasLoaded = computed(() => areas.value.size > 0)
export const rootArea = computed<Area | null>(() => {
  const all = [...areas.value.values()]
  const top = all.filter((area) => !area.parent || !areas.value.has(area.parent))
  return top.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))[0] ?? null
})

export async function loadAreas(): Promise<void> {
  areas.value = new Map((await allAreas()).map((area) => [area.code, area]))
}

export function forgetAreas(): void {
  areas.value = new Map()
}

export function area(code: string | null): Area | null {
  return (code && areas.value.get(code)) || null
}

export function childrenOf(code: string): Area[] {
  return [...areas.value.values()].filter((each) => each.parent === code)
}

export function ofLevel(level: Level): Area[] {
  return [...areas.value.values()].filter((each) => each.level === level)
}

/** From the root down to the area itself. */
export function pathTo(code: string): Area[] {
  const path: Area[] = []
  for (let each = area(code); each; each = area(each.parent)) path.unshift(each)
  return path
}

export function find(text: string): Area[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return []
  const fits = (each: Area): boolean =>
    each.name.includes(wanted) || nameOf(each).toLowerCase().includes(wanted) || each.code.startsWith(wanted)
  return [...areas.value.values()].filter(fits).slice(0, FOUND_AT_MOST)
}
