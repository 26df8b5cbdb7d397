/** Calls for help: which are open, and what is done about them. */
import { computed, ref, shallowRef } from 'vue'
import { client, every, told } from './api'
import { listen } from './events'
import { t } from './i18n'
import type { Polygon } from './map/circle'
import { Problem, Unreachable } from './problem'
import { ring } from './ring'
import { endsSession } from './session'
import type { Alarm, FullAlarm } from './types'

const HEARD = ['alarm.changed']
const PAUSE = 15_000 // for when nothing is heard

export type Step = 'acknowledge' | 'accept' | 'arrived' | 'resolve' | 'false_alarm'

/** The newest first; null until they are known. */
export const openAlarms = shallowRef<Alarm[] | null>(null)
/** The one that is looked at. */
export const looked = shallowRef<FullAlarm | null>(null)
export const unanswered = computed(() => (openAlarms.value ?? []).filter(({ status }) => status === 'raised'))
/** What to say aloud of the call that came last. */
export const announced = ref('')

let latest = 0
let isUnderWay = false
let isStale = false

async function round(): Promise<void> {
  const mine = (latest += 1)
  const before = new Set(openAlarms.value?.map(({ id }) => id))
  try {
    const all = await every<Alarm>('/api/v1/alarms', { state: 'open' })
    if (mine !== latest) return
    openAlarms.value = all
    const news = all.find(({ id, status }) => !before.has(id) && status === 'raised')
    if (news) announced.value = t(news.way === 'drill' ? 'drill_heard' : 'alarm_heard', { area: news.area?.name ?? '' })
    ring(unanswered.value.length > 0)
    if (looked.value && isMoved(looked.value, all)) await look(looked.value.id)
  } catch (error) {
    if (endsSession(error)) return
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error
  }
}

function isMoved(shown: FullAlarm, all: readonly Alarm[]): boolean {
  return all.find(({ id }) => id === shown.id)?.version !== shown.version && shown.status !== 'resolved' && shown.status !== 'false_alarm'
}

/** Asks which are open: at once, and once more for whatever was heard meanwhile. */
export async function loadAlarms(): Promise<void> {
  isStale = true
  if (isUnderWay) return
  isUnderWay = true
  try {
    while (isStale) {
      isStale = false
      await round()
    }
  } finally {
    isUnderWay = false
  }
}

/** A look leaves a row that whoever called can read: it is taken only of what somebody opens. */
export async function look(id: string): Promise<void> {
  looked.value = await told<FullAlarm>(client.GET('/api/v1/alarms/{alarm_id}', { params: { path: { alarm_id: id } } }))
}

export async function take(id: string, step: Step): Promise<void> {
  const params = { path: { alarm_id: id } }
  try {
    looked.value = await told<FullAlarm>(client.POST('/api/v1/alarms/{alarm_id}/steps', { params, body: { step } }))
  } finally {
    void loadAlarms()
  }
}

/** Calls out whoever walks inside a polygon. */
export async function reinforce(id: string, polygon: Polygon): Promise<void> {
  const params = { path: { alarm_id: id } }
  looked.value = await told<FullAlarm>(client.POST('/api/v1/alarms/{alarm_id}/reinforce', { params, body: { polygon: polygon as never } }))
  void loadAlarms()
}

/** Keeps the list up to date until the answer is called. */
export function watchAlarms(): () => void {
  const deafen = listen(HEARD, { heard: () => void loadAlarms() })
  const timer = setInterval(() => void loadAlarms(), PAUSE)
  void loadAlarms()
  return () => {
    deafen()
    clearInterval(timer)
    ring(false)
    latest += 1
    openAlarms.value = looked.value = null
  }
}
