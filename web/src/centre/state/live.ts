/** The figures on the page, asked for again and again without disturbing anybody. */
import { computed, reactive, shallowRef } from 'vue'
import { PAGE, coverage } from '../../shared/api'
import { addUp, byCode, prefixOf } from '../../shared/coverage'
import { Problem, Unreachable } from '../../shared/problem'
import type { Span } from '../../shared/time'
import type { CoverageRow, TimeWindow } from '../../shared/types'
import { area, partsOf, rootArea } from '../../shared/areas'
import { endsSession } from '../../shared/session'
import { bounds, view } from './view'

const PAUSE = 15_000
const PAUSE_LISTENING = 60_000
const GATHER = 300
const PAUSE_UNREACHABLE = 5_000

interface Live {
  /** Whether the server tells by itself what happens. */
  listening: boolean
  status: 'loading' | 'live' | 'unreachable' | 'problem'
  problem: Problem | null
  updatedAt: number | null
  window: TimeWindow | null
  /** The bounds the rows were asked with; the tiles must show the same window. */
  asked: Partial<Span>
  /** Grows whenever something that the map draws has changed. */
  revision: number
}

export const live = reactive<Live>({
  listening: false, status: 'loading', problem: null, updatedAt: null, window: null, asked: {}, revision: 0,
})
export const grids = shallowRef<CoverageRow[] | null>(null)
export const townships = shallowRef<CoverageRow[]>([])
/** The chosen grid by itself: it may lie outside the area whose grids are shown. */
export const chosenAlone = shallowRef<CoverageRow | null>(null)
export const figures = computed(() => (grids.value ? addUp(grids.value) : null))

let timer: ReturnType<typeof setTimeout> | undefined
let running: AbortController | undefined
let gathering: ReturnType<typeof setTimeout> | undefined
let lastSeen = ''
let isStale = false

/**
 * The townships are few and change whenever one of their grids does, so they tell whether the many are worth asking for.
 */
async function ask(signal: AbortSignal): Promise<void> {
  const root = rootArea.value?.code
  const scope = view.area ?? root
  if (!root || !scope) return
  const asked = bounds(Date.now())
  const ofGrids = (): Promise<{ rows: CoverageRow[] }[]> =>
    Promise.all([...(view.grid ? [view.grid] : []), ...partsOf(scope, PAGE)].map((area) => coverage({ area, by: 'grid', ...asked }, signal)))
  const early = lastSeen ? null : ofGrids()
  early?.catch(() => undefined) // if the townships cannot be had, that is said of them
  const all = await coverage({ area: root, by: 'township', ...asked }, signal)
  const seen = JSON.stringify([scope, view.grid, asked, all])
  if (seen === lastSeen || signal.aborted) return
  townships.value = all.rows
  const below = await (early ?? ofGrids())
  const alone = view.grid ? below.shift() : null
  if (signal.aborted) return
  lastSeen = seen
  grids.value = below.flatMap(({ rows }) => rows).sort(byCode)
  chosenAlone.value = alone?.rows[0] ?? null
  live.window = all.window
  live.asked = asked
  live.revision += 1
}

function note(error: unknown): void {
  if (endsSession(error)) return stop()
  if (error instanceof Unreachable) live.status = 'unreachable'
  else if (error instanceof Problem) Object.assign(live, { status: 'problem', problem: error })
  else throw error
}

async function round(signal: AbortSignal): Promise<void> {
  try {
    await ask(signal)
    if (!signal.aborted) Object.assign(live, { status: 'live', problem: null, updatedAt: Date.now() })
  } catch (error) {
    if (signal.aborted) return
    note(error)
  }
  if (running?.signal !== signal || signal.aborted) return
  running = undefined
  if (isStale) soon()
  else timer = setTimeout(poll, pause())
}

function pause(): number {
  if (live.status === 'unreachable') return PAUSE_UNREACHABLE
  return live.listening ? PAUSE_LISTENING : PAUSE
}

/** Asks once for all that is heard within a moment; a question under way is waited for, or none would ever be answered. */
export function soon(): void {
  isStale = true
  clearTimeout(gathering)
  gathering = setTimeout(() => { if (!running) poll() }, GATHER)
}

/** Asks now, dropping whatever was under way. */
export function poll(): void {
  clearTimeout(timer)
  clearTimeout(gathering)
  isStale = false
  running?.abort()
  running = new AbortController()
  void round(running.signal)
}

/** Another window: what is shown no longer answers the question. */
export function askAnew(): void {
  lastSeen = ''
  grids.value = null
  live.window = null
  live.status = 'loading'
  poll()
}

/** The same length of time, earlier or later: the old picture stays until the new one is there. */
export function askThen(): void {
  lastSeen = ''
  poll()
}

/** Another area: its grids are often among those at hand already. */
export function askElsewhere(code: string | null): void {
  const here = area(code)
  const inside = here ? (grids.value ?? []).filter((row) => row.code.startsWith(prefixOf(here))) : []
  lastSeen = ''
  grids.value = inside.length > 0 && inside.length === here?.grids ? inside : null
  poll()
}

export function stop(): void {
  clearTimeout(timer)
  clearTimeout(gathering)
  running?.abort()
  running = undefined
  Object.assign(live, { listening: false, status: 'loading', problem: null, updatedAt: null, window: null })
  grids.value = null
  townships.value = []
  lastSeen = ''
}
