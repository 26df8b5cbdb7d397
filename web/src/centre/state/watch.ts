/** What the command centre watches beside coverage: overdue grids, tonight's holes, matters, patrols that are out. */
import { computed } from 'vue'
import { PAGE, client, every, told } from '../../shared/api'
import { byCode, levelBelow } from '../../shared/coverage'
import { lastDays, tonight, type Span } from '../../shared/time'
import type { Day, Hole, MatterCount, OverdueGrid } from '../../shared/types'
import { area, partsOf } from '../../shared/areas'
import { asked } from './asked'
import { bulletins } from './bulletins'
import { drills } from './drills'
import { live } from './live'

const DAYS = 14
const MINUTE = 60_000 // ms
const BEGINNING = { from: '2020-01-01T00:00:00Z' }

interface Out { at: string; patrols: number; items: { code: string; patrols: number }[] }

/** All of a list of grids, the parts of an area at once. */
async function ofParts<T>(path: string, area: string, signal: AbortSignal, span: Partial<Span> = {}): Promise<T[]> {
  const lists = partsOf(area, PAGE).map((part) => every<T>(path, { area: part, ...span }, signal))
  return (await Promise.all(lists)).flat()
}

function longestFirst(a: OverdueGrid, b: OverdueGrid): number {
  return Date.parse(a.due_at) - Date.parse(b.due_at) || byCode(a, b)
}

export const overdue = asked('coverage:read', async (area, signal) => {
  const all = await ofParts<OverdueGrid>('/api/v1/coverage/overdue', area, signal)
  return all.sort(longestFirst)
})

export interface Night extends Span { holes: Hole[] }

export const night = asked('duty:holes', async (area, signal): Promise<Night> => {
  const span = tonight(Date.now())
  const all = await ofParts<Hole>('/api/v1/duty/uncovered', area, signal, span)
  return { ...span, holes: all.sort((a, b) => b.hours - a.hours || byCode(a, b)) }
})

/** The grids that nobody has all night; of the others with a hole somebody comes for some hours. */
export const bare = computed(() => {
  const { from, to, holes } = night.answer.value ?? {}
  return holes?.filter(({ hours }) => hours >= (Date.parse(to!) - Date.parse(from!)) / 3_600_000) ?? null
})

/** Of each township: what of all that ever arrived is open, and overdue. */
const counted = asked('matters:read', async (area, signal) => {
  const query = { area, by: 'township' as const, ...BEGINNING }
  return (await told<{ items: MatterCount[] }>(client.GET('/api/v1/matters/counts', { params: { query }, signal }))).items
})

/** Patrols that are out now, as a figure: the policy shows it to who may not know which. */
const out = asked('patrols:count', (code, signal) => {
  const below = levelBelow(area(code)?.level ?? 'community')
  const query = { area: code, by: below === 'grid' ? 'community' : below }
  return told<Out>(client.GET('/api/v1/patrols/under-way', { params: { query }, signal }))
})

export const trend = asked('coverage:read', async (area, signal) => {
  const query = { area, ...lastDays(DAYS, live.window ? Date.parse(live.window.to) : Date.now()) }
  return (await told<{ items: Day[] }>(client.GET('/api/v1/coverage/trend', { params: { query }, signal }))).items
}, { space: MINUTE })

export const mattersByTownship = computed(() => new Map((counted.answer.value ?? []).map((each) => [each.key, each.open])))
export const matterFigures = computed(() => counted.answer.value && counted.answer.value.reduce(
  (sum, { open, overdue }) => ({ open: sum.open + open, late: sum.late + overdue }), { open: 0, late: 0 }))
export const patrolsOut = computed(() => out.answer.value?.patrols ?? null)

const WATCHED = [overdue, night, counted, out, drills]
const TOLD: Record<string, readonly { soon(): void }[]> = {
  'coverage.rebuilt': [overdue, out],
  'patrol.started': [out],
  'patrol.ended': [out],
  'duty.changed': [night],
  'hole.opens': [night],
  'matter.changed': [counted],
  'bulletin.made': [bulletins],
  'drill.due': [drills],
  ready: WATCHED,
  reset: WATCHED,
}
export const WATCHED_KINDS = Object.keys(TOLD).filter((kind) => kind.includes('.'))

export function loadWatched(): void {
  for (const each of WATCHED) void each.load()
}

export function heardOf(kind: string): void {
  for (const each of TOLD[kind] ?? []) each.soon()
}

export function forgetWatched(): void {
  for (const each of [...WATCHED, trend]) each.forget()
}
