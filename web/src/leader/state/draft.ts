/** The grids that are chosen, and the assignment that is being written. */
import { reactive, ref } from 'vue'
import { endOf, ruleOf, type Day, DAYS } from '../pattern'
import type { Assignment, Hole } from '../server'
import { dayName } from '../week'

const MONTH = 30 * 24 * 3_600_000

export interface Draft {
  /** Of the assignment that is changed; null for a new one. */
  id: string | null
  etag: string
  team: string
  member: string
  grids: string[]
  from: string
  to: string
  days: Day[]
  /** A rule that buttons cannot show; kept as it is until days are pressed. */
  rule: string | null
  begins: string
  ends: string
  reason: string
}

export const chosen = reactive(new Set<string>())
export const draft = ref<Draft | null>(null)
/** The assignment whose card is open. */
export const opened = ref<string | null>(null)

export function toggle(code: string): void {
  if (!chosen.delete(code)) chosen.add(code)
}

function blank(team: string, grids: string[]): Draft {
  const now = Date.now()
  return {
    id: null, etag: '', team, member: '', grids, from: dayName(now), to: dayName(now + MONTH), days: [...DAYS], rule: null,
    begins: '20:00', ends: '23:00', reason: '',
  }
}

/** Begins an assignment of the chosen grids, or of the one that a team was dropped on. */
export function begin(team = '', onto?: string): void {
  const grids = onto && !chosen.has(onto) ? [onto] : [...chosen]
  draft.value = blank(team, grids.sort())
}

const clock = (at: string): string => new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(11, 16)

/** Begins the assignment that would close holes: their grids, and the first span that one of them has open. */
export function close(holes: readonly Hole[]): void {
  const span = holes[0]?.spans[0]
  if (!span) return
  const made = blank('', holes.map(({ code }) => code))
  draft.value = { ...made, from: dayName(Date.parse(span.from)), begins: clock(span.from), ends: clock(span.to) }
}

export function edit(now: Assignment, etag: string, days: Day[] | null): void {
  draft.value = {
    id: now.id, etag, team: now.team.id, member: now.member?.id ?? '', grids: now.grids.map(({ code }) => code),
    from: dayName(Date.parse(now.from)), to: dayName(Date.parse(now.to) - 1), days: days ?? [], rule: days ? null : now.rrule,
    begins: now.starts_at, ends: endOf(now.starts_at, now.minutes).clock, reason: now.reason ?? '',
  }
}

export function ruleIn({ days, rule }: Draft): string {
  return days.length ? ruleOf(days) : rule ?? ''
}
