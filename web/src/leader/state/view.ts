/** What the page looks at; kept in the address. */
import { computed, reactive, watch } from 'vue'
import { NIGHTS, windowOf, type Night } from '../night'
import { mondayOf } from '../week'

export const TABS = ['plan', 'holes', 'suggest', 'shifts', 'done', 'matters', 'notices'] as const
export type Tab = (typeof TABS)[number]

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

export const tonight = computed(() => windowOf(view.night, Date.now()))
export const monday = computed(() => mondayOf(Date.now(), view.week))
