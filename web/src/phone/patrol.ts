/** A patrol on this phone: from its start to its end, through reloads. Everything it makes goes into the outbox. */
import { computed, ref } from 'vue'
import { uuid7 } from '../shared/ids'
import { fixOf, gone, isWorthKeeping, placeOf, pointOf, type Fix } from './fixes'
import { forget, keep, recall } from './keep'
import { member } from './session'
import { outbox, sending } from './state'

export type Mode = 'foot' | 'bicycle' | 'car' | 'horse'
export const MODES: readonly Mode[] = ['foot', 'bicycle', 'car', 'horse']

interface Patrol {
  id: string
  member_id: string
  mode: Mode
  started_at: number
  metres: number
  check_ins: number
}

const KEY = 'patrol'
const FRESH = 20_000 // ms, a position that a check-in may still use
const PATIENCE = 15_000 // ms
const A_GAP = 60_000 // ms without the screen worth telling
const TRAIL = 2_000 // positions that the map shows

export const patrol = ref<Patrol | null>(null)
export const fix = ref<Fix | null>(null)
export const trail = ref<[number, number][]>([])
export const isDenied = ref(false)
export const gapMinutes = ref(0)
/** The phone promised not to switch the screen off by itself. */
export const isHeld = ref(false)
export const isTracked = computed(() => member.value?.consented_to_tracks === true)

let lastKept: Fix | null = null
let watching: number | null = null
let lock: WakeLockSentinel | null = null
let hiddenAt: number | null = null

const now = (): string => new Date().toISOString()

export async function start(mode: Mode): Promise<void> {
  const id = uuid7()
  patrol.value = { id, member_id: member.value!.id, mode, started_at: Date.now(), metres: 0, check_ins: 0 }
  await outbox.add(member.value!.id, { type: 'patrol_start', id: uuid7(), patrol_id: id, at: now(), mode })
  await keep(KEY, patrol.value)
  trail.value = []
  gapMinutes.value = 0
  record()
  sending.soon()
}

export async function stop(): Promise<void> {
  const ended = patrol.value
  if (!ended) return
  patrol.value = null
  pause()
  await outbox.add(ended.member_id, { type: 'patrol_end', id: uuid7(), patrol_id: ended.id, at: now() })
  await forget(KEY)
  await outbox.gather(ended.member_id)
  sending.soon()
}

/** Goes on with the patrol that a reload interrupted, if it is this member's. */
export async function resume(): Promise<void> {
  const kept = await recall<Patrol>(KEY)
  if (!kept || kept.member_id !== member.value?.id) return
  patrol.value = kept
  record()
}

export interface Proof { photos?: string[]; note?: string; proof?: string }

/** Keeps a check-in here and now; a scanned code may stand without a position. Answers whether it could. */
export async function checkIn({ photos = [], note, proof }: Proof = {}): Promise<boolean> {
  const current = patrol.value
  if (!current) return false
  const here = await position()
  if (!here && !proof) return false
  await outbox.add(current.member_id, {
    type: 'check_in', id: uuid7(), patrol_id: current.id, at: now(), method: proof ? 'qr' : 'position',
    ...(here && placeOf(here)),
    ...(proof && { proof }), ...(note && { note }), ...(photos.length && { photos }),
  })
  current.check_ins += 1
  await keep(KEY, current)
  navigator.vibrate?.(80)
  sending.soon()
  return true
}

/** Where the phone is, as it was known not long ago or as can be found out soon; null where neither. */
export async function position(fresh = FRESH, patience = PATIENCE): Promise<Fix | null> {
  if (fix.value && Date.now() - fix.value.at < fresh) return fix.value
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null)
    navigator.geolocation.getCurrentPosition((found) => resolve(fix.value = fixOf(found)), (error) => {
      isDenied.value = error.code === error.PERMISSION_DENIED
      resolve(null)
    }, { enableHighAccuracy: true, maximumAge: fresh, timeout: patience })
  })
}

function record(): void {
  lastKept = null
  if (navigator.geolocation) {
    watching = navigator.geolocation.watchPosition(
      (found) => { isDenied.value = false; void take(fixOf(found)) },
      (error) => { isDenied.value = error.code === error.PERMISSION_DENIED },
      { enableHighAccuracy: true, maximumAge: 0 },
    )
  }
  document.addEventListener('visibilitychange', look)
  void holdScreen()
}

function pause(): void {
  if (watching !== null) navigator.geolocation.clearWatch(watching)
  watching = null
  document.removeEventListener('visibilitychange', look)
  void lock?.release()
  lock = null
}

async function take(next: Fix): Promise<void> {
  fix.value = next
  const current = patrol.value
  if (!current || !isWorthKeeping(lastKept, next)) return
  current.metres += gone(lastKept, next)
  lastKept = next
  trail.value = [...trail.value.slice(1 - TRAIL), [next.lon, next.lat]]
  if (isTracked.value) await outbox.addPoint(current.member_id, current.id, pointOf(next))
  if (patrol.value === current) await keep(KEY, current)
}

async function holdScreen(): Promise<void> {
  try {
    lock = await navigator.wakeLock.request('screen')
    isHeld.value = true
    lock.addEventListener('release', () => { isHeld.value = false })
  } catch {
    lock = null // not offered, or the battery is low: the page says in words that the screen must stay on
  }
}

function look(): void {
  if (document.hidden) {
    hiddenAt = Date.now()
    return
  }
  void holdScreen()
  if (hiddenAt && Date.now() - hiddenAt >= A_GAP) gapMinutes.value = Math.round((Date.now() - hiddenAt) / 60_000)
  hiddenAt = null
}
