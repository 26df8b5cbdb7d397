/** Who uses this phone now. The session outlives a reload and a day without a network. */
import { computed, ref } from 'vue'
import { uuid7 } from '../shared/ids'
import { forget, keep, recall } from './keep'

export interface Credentials { username: string; password: string; code?: string }
export interface Invited { code: string; username?: string; password?: string; second_factor?: string }
export interface Device { id: string; name: string }
export interface Member {
  id: string
  code: string
  name: string
  role: string
  area: { code: string; name: string } | null
  consented_to_tracks: boolean
}
export interface Session {
  token: string
  member: Member
  must_enrol?: boolean
  /** The server takes the token no more. */
  ended?: boolean
}

const KEY = 'session'
const session = ref<Session | null>(null)

export const member = computed(() => session.value?.member ?? null)
export const hasEnded = computed(() => session.value?.ended === true)
export const mustEnrol = computed(() => session.value?.must_enrol === true)
export const token = (): string | null => session.value?.token ?? null

export async function resume(): Promise<void> {
  session.value = await recall<Session>(KEY)
}

export async function open(next: Session): Promise<void> {
  session.value = next
  await keep(KEY, next)
}

export async function change(part: Partial<Member>): Promise<void> {
  if (session.value) await open({ ...session.value, member: { ...session.value.member, ...part } })
}

export async function end(): Promise<void> {
  if (session.value && !session.value.ended) await open({ ...session.value, ended: true })
}

export async function close(): Promise<void> {
  session.value = null
  await forget(KEY)
}

export async function device(): Promise<Device> {
  const id = await recall<string>('device') ?? uuid7()
  await keep('device', id)
  return { id, name: /iPhone|iPad/.test(navigator.userAgent) ? 'iPhone' : navigator.userAgent.includes('Android') ? 'Android' : 'browser' }
}
