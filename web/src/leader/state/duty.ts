/** Who has which grids, and when: all that the map and the calendar show. */
import { computed, reactive, shallowRef } from 'vue'
import { Problem, Unreachable } from '../../shared/problem'
import { endsSession } from '../../shared/session'
import { colourAt } from '../colours'
import * as server from '../server'
import { dayName, daysFrom } from '../week'
import { monday, tonight, view } from './view'

const GATHER = 300 // ms
const RETRY = 5_000 // ms

export const grids = shallowRef<server.GridFeature[]>([])
export const teams = shallowRef<server.Team[]>([])
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

async function week(area: string): Promise<server.Shift[]> {
  const days = await Promise.all(daysFrom(monday.value).map((day) => server.shiftsOn(dayName(day), area)))
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
  const area = view.area
  if (!area) return
  state.loading = true
  await guarded(async () => {
    const [ground, people] = await Promise.all([server.gridsOf(area), server.teamsOf()])
    if (area !== view.area) return
    grids.value = ground
    teams.value = people.filter((team) => team.area.code.startsWith(areaPrefix(area)) || people.length <= FEW).sort(byName)
    await ask(area)
  })
}

const FEW = 5 // teams that somebody leads are offered wherever they are at home
function areaPrefix(area: string): string {
  return area.replace(/^(.{4})0{8}$|^(.{6})0{6}$|^(.{9})0{3}$/, '$1$2$3')
}

async function ask(area: string): Promise<void> {
  const [all, dated, open, waiting] = await Promise.all([
    server.assignmentsIn(area), week(area), server.holesIn(area, tonight.value), server.askedSwaps(),
  ])
  if (area !== view.area) return
  assignments.value = all
  shifts.value = dated.filter((each) => each.state !== 'cancelled')
  holes.value = open
  swaps.value = waiting
}

/** Asks again for what changes from hour to hour. */
export async function refresh(): Promise<void> {
  const area = view.area
  if (area) await guarded(() => ask(area))
}

/** Asks once for all that is heard within a moment. */
export function soon(): void {
  clearTimeout(gathering)
  gathering = setTimeout(refresh, GATHER)
}

export function forget(): void {
  clearTimeout(gathering)
  asked += 1
  for (const each of [grids, teams, assignments, shifts, holes, swaps]) each.value = []
  Object.assign(state, { loading: true, problem: null })
}
