/** The tree of areas that the signed-in member may see. */
import { computed, shallowRef } from 'vue'
import { allAreas } from './api'
import { isAbove, rootOf } from './tree'
import { nameOf } from './i18n'
import type { Area, Level } from './types'

const FOUND_AT_MOST = 30

const areas = shallowRef<ReadonlyMap<string, Area>>(new Map())

export const areasLoaded = computed(() => areas.value.size > 0)
export const rootArea = computed<Area | null>(() =>
  [...areas.value.values()].find((each) => !each.parent || !areas.value.has(each.parent)) ?? null)

export async function loadAreas(home: string | undefined): Promise<void> {
  const all = await allAreas()
  const root = rootOf(all, home)
  const above = new Set(root ? all.filter((each) => isAbove(each, root)) : [])
  areas.value = new Map(all.filter((each) => !above.has(each)).map((each) => [each.code, each]))
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

/** Areas that together are the given one, none with more grids than fit on a page if that can be helped: they are asked at once. */
export function partsOf(code: string, most: number): string[] {
  const here = area(code)
  const below = childrenOf(code)
  if (!here || here.grids <= most || below.length === 0) return [code]
  return below.filter(({ grids }) => grids).flatMap((each) => partsOf(each.code, most))
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
