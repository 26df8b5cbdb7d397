/** What the page looks at; kept in the address. */
import { computed, reactive, watch } from 'vue'
import { startOfDay } from '../../shared/time'
import { mondayOf } from '../week'
import type { Window } from '../server'

export const TABS = ['plan', 'holes', 'suggest', 'shifts', 'done', 'matters', 'notices'] as const
export type Tab = (typeof TABS)[number]
export const NIGHTS = ['evening', 'night', 'day'] as const
export type Night = (typeof NIGHTS)[number]

interface View {
  tab: Tab
  area: string | null
  matter: string | null
  night: Night
  /** Weeks from this one. */
  week: number
  rowsOf: 'teams' | 'grids'
}

const given = new URLSearchParams(location.hash.slice(1))
export const view = reactive<View>({
  tab: TABS.find((each) => each === given.get('tab')) ?? 'plan',
  area: given.get('area'),
  matter: given.get('matter'),
  night: NIGHTS.find((each) => each === given.get('night')) ?? 'evening',
  week: 0,
  rowsOf: 'teams',
})

const address = computed(() => {
  const parts = new URLSearchParams()
  if (view.tab !== 'plan') parts.set('tab', view.tab)
  if (view.area) parts.set('area', view.area)
  if (view.matter) parts.set('matter', view.matter)
  if (view.night !== 'evening') parts.set('night', view.night)
  return parts.toString()
})
watch(address, (parts) => history.replaceState(null, '', parts ? `#${parts}` : location.pathname))

const HOUR = 3_600_000
const SPANS: Record<Night, [from: number, to: number]> = { evening: [20, 23], night: [20, 30], day: [0, 24] }

/** The coming evening, night or day: today's as long as it is not over, then tomorrow's. */
export function windowOf(night: Night, now: number): Window {
  const [from, to] = SPANS[night]
  const midnight = startOfDay(now)
  // Before dawn the night that began yesterday still goes on.
  const first = [-24, 0, 24].find((hours) => now < midnight + (hours + to) * HOUR)!
  const at = (hours: number): string => new Date(midnight + (first + hours) * HOUR).toISOString()
  return { from: at(from), to: at(to) }
}

export const tonight = computed(() => windowOf(view.night, Date.now()))
export const monday = computed(() => mondayOf(Date.now(), view.week))
