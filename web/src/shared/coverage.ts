/** What the pages do with coverage rows: count, add up, name. */
import type { CoverageRow, Level, State } from './types'

export const STATES: readonly State[] = ['seen', 'partly', 'unseen', 'no_evidence']

/** How many leading digits of a grid's code name the area above it. */
const DIGITS: Record<Level, number> = { prefecture: 4, county: 6, township: 9, community: 12 }
type Below = Exclude<Level, 'prefecture'> | 'grid'

const BELOW: Record<Level, Below> = {
  prefecture: 'county', county: 'township', township: 'community', community: 'grid',
}

export type Tally = Record<State, number>

export interface Figures {
  grids: number
  tally: Tally
  share_seen: number
  share_no_evidence: number
  /** A patrol that crosses three grids visits three. */
  grid_visits: number
  person_minutes: number
  last_seen_at: string | null
}

export function byCode(a: { code: string }, b: { code: string }): number {
  return a.code < b.code ? -1 : Number(a.code > b.code)
}

export function tally(rows: readonly CoverageRow[]): Tally {
  const counts: Tally = { seen: 0, partly: 0, unseen: 0, no_evidence: 0 }
  for (const row of rows) counts[row.state] += 1
  return counts
}

function later(a: string | null, b: string | null): string | null {
  if (!a || !b) return a ?? b
  return Date.parse(a) >= Date.parse(b) ? a : b
}

function weighted(rows: readonly CoverageRow[], share: (row: CoverageRow) => number): number {
  const ground = rows.reduce((sum, row) => sum + row.area_m2, 0)
  return ground ? rows.reduce((sum, row) => sum + share(row) * row.area_m2, 0) / ground : 0
}

/**
 * Adds grids up as the server does: shares are weighted by ground, and grids that are measured by checkpoints,
 * each of them wider than a town, speak only where no other grid does.
 */
export function addUp(rows: readonly CoverageRow[]): Figures {
  const byGround = rows.filter((row) => row.basis === 'area')
  const speaking = byGround.length ? byGround : rows
  return {
    grids: rows.length,
    tally: tally(rows),
    share_seen: weighted(speaking, (row) => row.share_seen),
    share_no_evidence: weighted(speaking, (row) => row.share_no_evidence),
    grid_visits: rows.reduce((sum, row) => sum + row.visits, 0),
    person_minutes: rows.reduce((sum, row) => sum + row.person_minutes, 0),
    last_seen_at: rows.reduce<string | null>((latest, row) => later(latest, row.last_seen_at), null),
  }
}

/** The leading digits that the code of everything inside an area begins with. */
export function prefixOf(area: { code: string; level: Level }): string {
  return area.code.slice(0, DIGITS[area.level])
}

/** The code of the area of a level that a grid or area belongs to. */
export function ancestor(code: string, level: Level): string {
  return code.slice(0, DIGITS[level]).padEnd(12, '0')
}

export function levelBelow(level: Level): Below {
  return BELOW[level]
}

/** The figures of each area of a level, from its grids. */
export function byArea(rows: readonly CoverageRow[], level: Level): Map<string, Figures> {
  const groups = new Map<string, CoverageRow[]>()
  for (const row of rows) {
    const code = ancestor(row.code, level)
    const group = groups.get(code)
    if (group) group.push(row)
    else groups.set(code, [row])
  }
  return new Map([...groups].map(([code, group]) => [code, addUp(group)]))
}

/** Rounds so that "100 %" and "0 %" are said only when they are true. */
export function percent(share: number): number {
  if (share <= 0) return 0
  if (share >= 1) return 100
  return Math.min(99, Math.max(1, Math.round(share * 100)))
}
