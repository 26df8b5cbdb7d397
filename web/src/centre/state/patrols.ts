/** Patrols that are under way, for those whom the policy shows them. */
import { shallowRef } from 'vue'
import { patrolsSince } from '../../shared/api'
import { may } from '../../shared/may'
import { Problem, Unreachable } from '../../shared/problem'
import type { Patrol } from '../../shared/types'
import { endsSession } from '../../shared/session'

const HOUR = 3_600_000
const LONGEST = 12 * HOUR

/** Null until it is known, and for whoever may not know. */
export const underWay = shallowRef<Patrol[] | null>(null)
let latest = 0

function latestFirst(a: Patrol, b: Patrol): number {
  return Date.parse(b.started_at ?? '') - Date.parse(a.started_at ?? '')
}

export async function loadPatrols(): Promise<void> {
  if (!may('patrols:read')) return
  const mine = (latest += 1)
  const since = new Date(Math.floor((Date.now() - LONGEST) / HOUR) * HOUR).toISOString()
  try {
    const all = await patrolsSince(since)
    if (mine === latest) underWay.value = all.filter((each) => each.started_at && !each.ended_at).sort(latestFirst)
  } catch (error) {
    if (endsSession(error)) return
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error
  }
}

export function forgetPatrols(): void {
  latest += 1
  underWay.value = null
}
