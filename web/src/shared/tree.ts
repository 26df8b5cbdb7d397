/** Where somebody's view of the tree of areas begins. */
import { prefixOf } from './coverage'
import type { Area } from './types'

export function isAbove(area: Area, below: Area): boolean {
  return area.code !== below.code && below.code.startsWith(prefixOf(area))
}

/**
 * The topmost area whose figures the member sees. The areas above it are listed only to name the way up:
 * each of them has a single child that the member sees.
 */
export function rootOf(areas: readonly Area[], home: string | undefined): Area | undefined {
  const known = new Set(areas.map(({ code }) => code))
  let root = areas.find(({ parent }) => !parent || !known.has(parent))
  while (root && root.code !== home) {
    const { code } = root
    const below = areas.filter(({ parent }) => parent === code)
    if (below.length !== 1) break
    root = below[0]
  }
  return root
}
