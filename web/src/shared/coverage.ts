/** What the pages do with coverage rows: count, add up, name. */
import type { CoverageRow, Level, State } from './types'

export const STATES: readonly State[] = ['seen', 'partly', 'unseen', 'no_evidence']

/** How many leading digits of a grid's code name the area above it. */
const DIGITS: Record<Level, number> = { prefecture: 4, county: 6, township: 9, community: 12 }
const BELOW: Record<Level, Level | 'grid'> = {
  prefecture: 'county', county: 'township', township: 'community', community: 'grid',
}

export type Tally = Record<State, number>

export interface Figures {
  grids: number
  tally: Tally
  share_seen: number
  share_no_evidence: number
  visits: number
  person_minutes: number
  last_seen_at: string | null
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

/** Adds grids up; shares are weighted by area, as the server does it. */
export function addUp(rows: readonly CoverageRow[]): Figures {
  const figures: Figures = {
    grids: rows.length, tally: tally(rows), share_seen: 0, share_no_evidence: 0,
    visits: 0, person_minutes: 0, last_seen_at: null,
  }
  let area = 0
  for (const row of rows) {
    area += row.area_m2
    figures.share_seen += row.share_seen * row.area_m2
    figures.share_no_evidence += row.share_no_evidence * row.area_m2
    figures.visits += row.visits
    figures.person_minutes += row.person_minutes
    figures.last_seen_at = later(figures.last_seen_at, row.last_seen_at)
  }
  figures.share_seen = area ? figures.share_seen / area : 0
  figures.share_no_evidence = area ? figures.share_no_evidence / area : 0
  return figures
}

/** The leading digits that the code of everything inside an area begins with. */
export function prefixOf(area: { code: string; level: Level }): string {
  return area.code.slice(0, DIGITS[area.level])
}

/** The code of the area of a level that a grid or area belongs to. */
export function ancestor(code: string, level: Level): string {
  return code.slice(0, DIGITS[level]).padEnd(12, '0')
}

export function levelBelow(level: Level): Level | 'grid' {
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
