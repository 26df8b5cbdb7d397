/** The list behind a figure. */
import { computed, ref } from 'vue'
import { byCode } from '../../shared/coverage'
import { count, personTime, share } from '../../shared/figures'
import { language, t, type Key } from '../../shared/i18n'
import { sayCode, type Matter } from '../../shared/matters'
import { now } from '../../shared/now'
import { ago, moment, timeOfDay } from '../../shared/time'
import type { CoverageRow, Hole, OverdueGrid, Patrol, State } from '../../shared/types'
import { grids } from './live'
import { kindOf, openMatters } from './matters'
import { underWay } from './patrols'
import { matterFigures, night, overdue } from './watch'

const OF_COVERAGE = ['all', 'unseen', 'partly', 'seen', 'no_evidence', 'visits', 'time'] as const
export type ListName = (typeof OF_COVERAGE)[number] | 'overdue' | 'holes' | 'matters' | 'patrols'

/** A line of a list: what it is called, what else is known, and what opens with it. */
export interface Row {
  key: string
  name: string
  about?: string
  figure: string
  state?: State
  mark?: 'overdue' | 'holes' | 'matters' | 'late'
  grid?: string
  matter?: string
}

/** The figure that has been asked about; null while the panel of figures is shut. */
export const listed = ref<ListName | null>(null)

export const listNames = computed((): ListName[] => {
  const known: [ListName, unknown][] = [['overdue', overdue.answer.value], ['holes', night.answer.value], ['matters', matterFigures.value], ['patrols', underWay.value]]
  return [...OF_COVERAGE, ...known.flatMap(([name, answer]) => (answer ? [name] : []))]
})

function long(hours: number): string {
  return hours < 48 ? t('hours_long', { n: Math.round(hours * 10) / 10 }) : t('days_long', { n: Math.floor(hours / 24) })
}

function figureOf(name: ListName, row: CoverageRow): string {
  if (name === 'visits') return count(row.visits, language.value)
  if (name !== 'time') return share(row.share_seen)
  const { value, unit } = personTime(row.person_minutes, language.value)
  return `${value} ${t(unit)}`
}

function ofGrids(name: ListName, rows: readonly CoverageRow[]): Row[] {
  const most = (a: CoverageRow, b: CoverageRow, figure: 'visits' | 'person_minutes'): number => b[figure] - a[figure] || byCode(a, b)
  const chosen = {
    visits: () => rows.filter((row) => row.visits).sort((a, b) => most(a, b, 'visits')),
    time: () => rows.filter((row) => row.person_minutes).sort((a, b) => most(a, b, 'person_minutes')),
    all: () => [...rows].sort(byCode),
  }[name as string] ?? (() => rows.filter((row) => row.state === name).sort(byCode))
  return chosen().map((row) => ({ key: row.code, name: row.name, figure: figureOf(name, row), state: row.state, grid: row.code }))
}

function ofOverdue(row: OverdueGrid): Row {
  const { key, n } = ago(Date.parse(row.last_seen_at ?? ''), now.value)
  const about = [row.last_seen_at && `${t('last_seen')} ${t(key, { n })}`, t('target', { n: long(row.target_hours) })].filter(Boolean).join(' · ')
  const figure = row.last_seen_at ? t('overdue_by', { n: long(row.overdue_hours) }) : t('never_seen')
  return { key: row.code, name: row.name, about, figure, mark: 'overdue', grid: row.code }
}

function ofHole(row: Hole): Row {
  const spans = row.spans.map((span) => [span.from, span.to].map((at) => timeOfDay(Date.parse(at), language.value)).join('–'))
  return { key: row.code, name: row.name, about: spans.join('，'), figure: long(row.hours), mark: 'holes', grid: row.code }
}

function isLate({ due_at }: Matter): boolean {
  return due_at !== null && Date.parse(due_at) < now.value
}

function ofMatter(row: Matter): Row {
  const about = [kindOf(row.class), sayCode('stage_', row.stage), sayCode('level_', row.level)].join(' · ')
  const figure = row.due_at ? t('due', { at: moment(Date.parse(row.due_at), language.value) }) : ''
  return { key: row.id, name: row.title, about, figure, mark: isLate(row) ? 'late' : 'matters', matter: row.id }
}

function ofPatrol(row: Patrol): Row {
  const { key, n } = ago(Date.parse(row.started_at ?? ''), now.value)
  return { key: row.id, name: t(`mode_${row.mode}` as Key), figure: t('began', { ago: t(key, { n }) }) }
}

export const listedRows = computed((): Row[] => {
  switch (listed.value) {
    case null: return []
    case 'overdue': return (overdue.answer.value ?? []).map(ofOverdue)
    case 'holes': return (night.answer.value?.holes ?? []).map(ofHole)
    case 'matters': return (openMatters.answer.value?.items ?? []).map(ofMatter)
    case 'patrols': return (underWay.value ?? []).map(ofPatrol)
    default: return ofGrids(listed.value, grids.value ?? [])
  }
})

/** How many lines there are, of which not all need be at hand. */
export const listedLength = computed(() => (listed.value === 'matters' ? matterFigures.value?.open ?? listedRows.value.length : listedRows.value.length))
