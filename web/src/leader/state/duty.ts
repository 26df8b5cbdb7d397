/** Who has which grids, and when: all that the map and the calendar show. */
import { computed, reactive, shallowRef } from 'vue'
import { area } from '../../shared/areas'
import { prefixOf } from '../../shared/coverage'
import { Problem, Unreachable } from '../../shared/problem'
import { endsSession, member } from '../../shared/session'
import { colourAt } from '../colours'
import * as server from '../server'
import { dayName, daysFrom } from '../week'
import { monday, tonight, view } from './view'

const GATHER = 300 // ms
const RETRY = 5_000 // ms

export const grids = shallowRef<server.GridFeature[]>([])
const people = shallowRef<server.Team[]>([])
export const assignments = shallowRef<server.Assignment[]>([])
export const shifts = shallowRef<server.Shift[]>([])
export const holes = shallowRef<server.Hole[]>([])
export const swaps = shallowRef<server.Swap[]>([])

interface State {
  loading: boolean
  problem: Problem | 'unreachable' | null
}
export const state = reactive<State>({ loading: true, problem: null })

export const gridNames = computed(() => new Map(grids.value.map(({ properties }) => [properties.code, properties.name])))
/** The teams that somebody leads; for an officer those at home in the area, and who has grids in it. */
export const teams = computed(() => {
  const code = view.area
  if (!code || member.value?.role === 'leader') return people.value
  const holding = new Set(assignments.value.map(({ team }) => team.id))
  const here = area(code)
  const prefix = here ? prefixOf(here) : code
  return people.value.filter((team) => team.area.code.startsWith(prefix) || holding.has(team.id))
})
export const openCodes = computed(() => new Map(holes.value.map((hole) => [hole.code, hole])))
const colours = computed(() => new Map(teams.value.map(({ id }, i) => [id, colourAt(i)])))
export function colourOf(team: string): string | undefined {
  return colours.value.get(team)
}

export const inForce = computed(() => assignments.value.filter((each) => Date.parse(each.ended_at ?? each.to) > Date.now()))

/** Of each grid the teams that have it, now or from a later day on. */
export const holders = computed(() => {
  const found = new Map<string, server.Assignment[]>()
  for (const each of inForce.value) {
    for (const { code } of each.grids) found.set(code, [...found.get(code) ?? [], each])
  }
  return found
})

let asked = 0
let gathering: ReturnType<typeof setTimeout> | undefined

const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name, 'zh-CN')

async function week(code: string): Promise<server.Shift[]> {
  const days = await Promise.all(daysFrom(monday.value).map((day) => server.shiftsOn(dayName(day), code)))
  return [...new Map(days.flat().map((each) => [each.id, each])).values()]
}

async function guarded(ask: () => Promise<void>): Promise<void> {
  const turn = (asked += 1)
  try {
    await ask()
    if (turn === asked) Object.assign(state, { loading: false, problem: null })
  } catch (error) {
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error
    if (endsSession(error) || turn !== asked) return
    Object.assign(state, { loading: false, problem: error instanceof Problem ? error : 'unreachable' })
    if (error instanceof Unreachable) gathering = setTimeout(refresh, RETRY)
  }
}

/** Asks for another area: its ground, its people, its duty. */
export async function loadArea(): Promise<void> {
  const code = view.area
  if (!code) return
  state.loading = true
  await guarded(async () => {
    const [ground, seen] = await Promise.all([server.gridsOf(code), server.teamsOf()])
    if (code !== view.area) return
    grids.value = ground
    people.value = seen.sort(byName)
    await ask(code)
  })
}

async function ask(code: string): Promise<void> {
  const turn = asked
  const [all, dated, open, waiting] = await Promise.all([
    server.assignmentsIn(code), week(code), server.holesIn(code, tonight.value), server.askedSwaps(),
  ])
  if (turn !== asked || code !== view.area) return
  assignments.value = all
  shifts.value = dated.filter((each) => each.state !== 'cancelled')
  holes.value = open
  swaps.value = waiting
}

/** Asks again for what changes from hour to hour. */
export async function refresh(): Promise<void> {
  const code = view.area
  if (code) await guarded(() => ask(code))
}

/** Asks once for all that is heard within a moment. */
export function soon(): void {
  clearTimeout(gathering)
  gathering = setTimeout(refresh, GATHER)
}

export function forget(): void {
  clearTimeout(gathering)
  asked += 1
  for (const each of [grids, people, assignments, shifts, holes, swaps]) each.value = []
  Object.assign(state, { loading: true, problem: null })
}
