/** Calls for help on this phone: the member's own, and those of others that the member was told of. */
import { computed, ref } from 'vue'
import { Problem, Unreachable } from '../shared/problem'
import { Bell, recallMuted } from './bell'
import { placeOf, type Fix } from './fixes'
import { Help, isOver, type Alarm, type Calling } from './help'
import { forget, keep, recall } from './keep'
import { position } from './patrol'
import * as server from './server'
import { hasEnded, member, token } from './session'
import { isOnline, outbox, sending } from './state'
import { unlessFull } from './store'

const KEY = 'calling'
const SENDERS = ['member', 'leader'] // whose uploads the server takes; others call in the other way only
const FRESH = 120_000 // ms, a position that still helps to find somebody
const PATIENCE = 4_000 // ms; nobody waits longer for a position who calls for help
const OWN = 5_000 // ms between two looks at one's own call
const HEARING = 60_000 // ms between two looks at others' calls, with a stream of events
const ALONE = 20_000 // ms, without one

export const calling = ref<Calling | null>(null)
export const others = ref<server.Calls[]>([])
/** Where the call is that is being looked at; the map shows it. */
export const helpAt = ref<Alarm['position']>(null)
export const isCalling = computed(() => calling.value !== null && !isOver(calling.value.alarm))
export const isHearing = ref(false)

let lookedAt = 0
let finding: Promise<Fix | null> | null = null

/** What the server said, or null where it could not be asked. */
async function attempt<T>(question: Promise<T>): Promise<T | null> {
  try {
    return await question
  } catch (error) {
    if (error instanceof Problem || error instanceof Unreachable) return null
    throw error
  }
}

const bell = new Bell()
const help = new Help({
  add: async (memberId, item) => { if (member.value && SENDERS.includes(member.value.role)) await outbox.add(memberId, item) },
  raise: (call) => attempt(server.raiseAlarm(call)),
  look: (id) => attempt(server.alarm(id)),
  keep: (kept) => unlessFull(kept ? keep(KEY, kept) : forget(KEY)),
  recall: () => recall(KEY),
  told: (next) => { calling.value = next },
})

export const begin = (): Promise<void> => help.resume(member.value!.id)
export const note = (alarm: Alarm): Promise<void> => help.note(alarm)
export const close = (): Promise<void> => help.close()

/** Somebody has begun to press: the position is looked for meanwhile. */
export function prepare(): void {
  finding = position(FRESH, PATIENCE)
}

export async function call(): Promise<void> {
  const here = await (finding ?? position(FRESH, PATIENCE))
  finding = null
  await help.call(member.value!.id, here ? placeOf(here) : {})
  sending.now()
}

export async function look(): Promise<void> {
  if (!member.value || !token() || hasEnded.value || !isOnline.value) return
  lookedAt = Date.now()
  const open = await attempt(server.openAlarms())
  if (!open) return
  const fresh = open.filter(({ id }) => id !== calling.value?.call.id)
  const isNew = fresh.some(({ id }) => !others.value.some((each) => each.id === id))
  if (isNew) bell.ring()
  others.value = fresh
  if (!fresh.length) helpAt.value = null
}

export function leave(): void {
  calling.value = null
  others.value = []
  helpAt.value = null
}

export function start(): void {
  void recallMuted()
  for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => bell.unlock(), { capture: true, passive: true })
  setInterval(() => { if (isCalling.value) void help.follow() }, OWN)
  setInterval(() => {
    const pause = isHearing.value && !others.value.length ? HEARING : ALONE
    if (!document.hidden && Date.now() - lookedAt >= pause) void look()
  }, OWN)
}
