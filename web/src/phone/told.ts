/** What this phone was told, as the page shows it, and what its member says to it: all of it works without a network. */
import { showToast } from 'vant'
import { computed, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { Problem, Unreachable } from '../shared/problem'
import { Stop } from './answers'
import { Errands } from './errands'
import { follow, Known, type Changes } from './known'
import * as server from './server'
import { end, hasEnded, member, token } from './session'
import { outbox, sending } from './state'
import { isFull, unlessFull } from './store'
import { say } from './words'

export interface Grid { code: string; name: string; basis: string; outline: { type: string; coordinates: unknown } }
export interface Checkpoint { id: string; name: string; grid: string; lon: number; lat: number }
export interface Notice { id: string; title: string; text: string; sent_at: string; is_read: boolean }
export interface Shift {
  id: string
  starts_at: string
  ends_at: string
  grids: string[]
  is_mine: boolean
  my_state?: 'asked' | 'accepted' | 'declined' | 'swapped' | 'released' | null
  spot_check_id?: string | null
  spot_check_closes_at?: string | null
  late_minutes?: number | null
}
export interface Swap {
  id: string
  shift_id: string
  starts_at: string
  ends_at: string
  state: 'asked' | 'approved' | 'refused'
  reason?: string | null
  from_name: string
  to_name: string
  is_mine: boolean
  is_for_me: boolean
  may_decide: boolean
}

const GATHER = 600 // ms, so that events that come together are asked after together
const DAY = 86_400_000 // ms
const ASKED = 'asked/'

export const grids = shallowRef<Grid[]>([])
export const checkpoints = shallowRef<Checkpoint[]>([])
export const shifts = shallowRef<Shift[]>([])
export const swaps = shallowRef<Swap[]>([])
export const notices = shallowRef<Notice[]>([])
export const matters = shallowRef<server.Matter[]>([])
export const classes = shallowRef<server.MatterClass[]>([])
/** What was said and has not reached the server, by what it is about. */
export const unsaid: Ref<ReadonlySet<string>> = ref(new Set<string>())
/** Unix milliseconds; a page that is open at midnight sees another day. */
export const now = ref(Date.now())

const shown: Record<string, ShallowRef<unknown[]>> = { grids, checkpoints, shifts, swaps, notices, matters, classes }
const known = new Known()
const errands = new Errands()
let gathering: ReturnType<typeof setTimeout> | undefined
let running = false
let again = false

/** The shifts that begin within a day or go on, the first at first. */
export const coming = computed(() => shifts.value
  .filter(({ starts_at, ends_at }) => Date.parse(ends_at) > now.value && Date.parse(starts_at) < now.value + DAY)
  .sort((one, two) => one.starts_at.localeCompare(two.starts_at)))
export const myGrids = computed(() => new Set(coming.value.filter(({ my_state }) => my_state !== 'declined').flatMap((shift) => shift.grids)))
export const spotCheck = computed(() => coming.value.find(({ spot_check_id, spot_check_closes_at }) =>
  spot_check_id && Date.parse(spot_check_closes_at!) > now.value) ?? null)
export const unread = computed(() => notices.value.filter(({ is_read }) => !is_read).length)
export const gridName = (code: string): string => grids.value.find((grid) => grid.code === code)?.name ?? code

async function load(): Promise<void> {
  for (const [kind, list] of Object.entries(shown)) list.value = await known.all(kind)
  unsaid.value = new Set(member.value ? (await errands.list(member.value.id)).map(({ about }) => about) : [])
}

export async function begin(): Promise<void> {
  await known.begin(member.value!.id)
  await load()
  soon()
}

export async function leave(): Promise<void> {
  await known.forget()
  await load()
}

/** Asks for news once things that come together have come. */
export function soon(): void {
  gathering ??= setTimeout(() => {
    gathering = undefined
    void sync()
  }, GATHER)
}

async function sync(): Promise<void> {
  if (running) {
    again = true
    return
  }
  running = true
  again = false
  try {
    await ask()
  } catch (error) {
    const isExpected = error instanceof Problem || error instanceof Unreachable || error instanceof Stop || isFull(error)
    if (!isExpected) throw error // the rest is asked for again in a while
    if ((error instanceof Problem && error.status === 401) || (error instanceof Stop && error.why === 'signed_out')) await end()
  } finally {
    running = false
    await load()
  }
  if (again) soon()
}

async function ask(): Promise<void> {
  if (!member.value || hasEnded.value || !token()) return
  const { id } = member.value
  const outcomes = await errands.send({ id, token: token()! })
  const refused = outcomes.filter(({ title }) => title !== null)
  if (refused.length) {
    showToast(refused.map(({ title }) => title).join('\n'))
    await known.restart() // what was shown beforehand did not come true
  }
  for (const { title, shows } of outcomes) if (title === null && shows) await known.change(shows.kind, shows.key, shows.change)
  if (member.value?.id !== id) return // they have left in the meantime
  const answer = await follow(known, id, news)
  if (!answer || !('matters' in answer)) await known.keep(id, 'matters', await server.matters())
  if (answer?.whole || !classes.value.length) await known.keep(id, 'classes', await server.matterClasses())
}

/** Where the server knows the cursor no more, it may have been restored: then the outbox asks what it lacks. */
async function news(cursor: string | null): Promise<Changes | 'lost'> {
  const answer = await server.changes(cursor)
  if (answer === 'lost') {
    outbox.doubt()
    sending.now()
  }
  return answer
}

/** Says something of a thing; it is shown as said at once, and the server hears of it when it can be reached. */
async function tell(kind: 'shifts' | 'swaps' | 'notices', key: string, change: object, about: string, path: string, body?: object): Promise<void> {
  try {
    await errands.add(member.value!.id, about, path, body, { kind, key, change })
  } catch (error) {
    if (!isFull(error)) throw error
    showToast(say('not_kept'))
    return
  }
  await known.change(kind, key, change)
  await load()
  soon()
}

/** A report of this phone is shown as reported once it has left the outbox, until the server tells how it stands. */
export async function expectMatter(matter: server.Matter): Promise<void> {
  await unlessFull(known.keep(member.value!.id, 'matters', [matter], false))
  await load()
}

export const accept = ({ id }: Shift): Promise<void> =>
  tell('shifts', id, { my_state: 'accepted' }, `shift/${id}`, `/api/v1/shifts/${id}/accept`)

export const decline = ({ id }: Shift, reason: string): Promise<void> =>
  tell('shifts', id, { my_state: 'declined' }, `shift/${id}`, `/api/v1/shifts/${id}/decline`, { reason })

export const beLate = ({ id }: Shift, minutes: number): Promise<void> =>
  tell('shifts', id, { late_minutes: minutes }, `late/${id}`, `/api/v1/shifts/${id}/late`, { minutes })

/** Asks that a colleague take a shift; shown as asked at once, under a name of its own until the server tells of it. */
export async function askSwap(shift: Shift, colleague: server.Colleague, reason: string): Promise<void> {
  const { id, starts_at, ends_at } = shift
  const asked: Swap = {
    id: `${ASKED}${id}`, shift_id: id, starts_at, ends_at, state: 'asked', reason, from_name: member.value!.name, to_name: colleague.name,
    is_mine: true, is_for_me: false, may_decide: false,
  }
  await unlessFull(known.keep(member.value!.id, 'swaps', [asked], false))
  const body = { to_member: colleague.id, reason: reason || null }
  await tell('swaps', asked.id, { state: 'asked' }, `swap/${id}`, `/api/v1/shifts/${id}/swaps`, body)
}

export const decideSwap = ({ id }: Swap, approved: boolean): Promise<void> =>
  tell('swaps', id, { state: approved ? 'approved' : 'refused', may_decide: false }, `decision/${id}`, `/api/v1/swaps/${id}/decision`, { approved })

export const answerSpotCheck = ({ id, spot_check_id }: Shift): Promise<void> =>
  tell('shifts', id, { spot_check_id: null }, `check/${spot_check_id}`, `/api/v1/spot-checks/${spot_check_id}/answer`)

export const read = ({ id }: Notice): Promise<void> =>
  tell('notices', id, { is_read: true }, `notice/${id}`, `/api/v1/notices/${id}/read`)
