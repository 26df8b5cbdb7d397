/** How coverage went through the window, slice by slice. */
import { shallowRef } from 'vue'
import { coverage } from '../../shared/api'
import { Problem, Unreachable } from '../../shared/problem'
import { slices, type Span } from '../../shared/time'
import { live } from './live'
import { endsSession } from '../../shared/session'
import { view } from './view'

export interface Slice extends Span { share_seen: number; visits: number }

export const trend = shallowRef<Slice[] | null>(null)
let running: AbortController | undefined

async function measured(area: string, span: Span, signal: AbortSignal): Promise<Slice> {
  const { rows } = await coverage({ area, by: 'county', ...span }, signal)
  const ground = rows.reduce((sum, row) => sum + row.area_m2, 0)
  const seen = rows.reduce((sum, row) => sum + row.share_seen * row.area_m2, 0)
  return { ...span, share_seen: ground ? seen / ground : 0, visits: rows.reduce((sum, row) => sum + row.visits, 0) }
}

/** One slice after the other: the map is waited for, this is not. */
export async function loadTrend(): Promise<void> {
  running?.abort()
  const { area } = view
  const { window } = live
  if (!area || !window) return
  running = new AbortController()
  const { signal } = running
  const told: Slice[] = []
  try {
    for (const span of slices(Date.parse(window.from), Date.parse(window.to))) told.push(await measured(area, span, signal))
    trend.value = told
  } catch (error) {
    if (signal.aborted || endsSession(error)) return
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error
  }
}

export function forgetTrend(): void {
  running?.abort()
  trend.value = null
}
