/** The list behind a figure. */
import { computed, ref } from 'vue'
import type { CoverageRow, State } from '../../shared/types'
import { grids } from './live'

export type ListName = 'all' | State | 'visits' | 'time' | 'patrols'

/** The figure that has been asked about; null while the panel of figures is shut. */
export const listed = ref<ListName | null>(null)

const byCode = (a: CoverageRow, b: CoverageRow): number => a.code.localeCompare(b.code)

function rowsOf(name: ListName, rows: readonly CoverageRow[]): CoverageRow[] {
  switch (name) {
    case 'visits': return rows.filter((row) => row.visits).sort((a, b) => b.visits - a.visits || byCode(a, b))
    case 'time': return rows.filter((row) => row.person_minutes).sort((a, b) => b.person_minutes - a.person_minutes || byCode(a, b))
    case 'patrols': return []
    case 'all': return [...rows].sort(byCode)
    default: return rows.filter((row) => row.state === name).sort(byCode)
  }
}

export const listedRows = computed(() => (listed.value ? rowsOf(listed.value, grids.value ?? []) : []))
