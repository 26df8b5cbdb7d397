/** Who is signed in on this page. */
import { computed, ref } from 'vue'
import * as api from '../../shared/api'
import { Problem } from '../../shared/problem'
import type { Member, Session } from '../../shared/types'

const SESSION = 'gridpatrol.session'
const DEVICE = 'gridpatrol.device'

function stored(): Session | null {
  const session: Session | null = JSON.parse(sessionStorage.getItem(SESSION) ?? 'null')
  return session && Date.parse(session.expires_at) > Date.now() ? session : null
}

const session = ref<Session | null>(stored())
api.useToken(session.value?.token ?? null)

export const hasEnded = ref(false)
export const member = computed<Member | null>(() => session.value?.member ?? null)

function replace(next: Session | null): void {
  api.useToken(next?.token ?? null)
  if (next) sessionStorage.setItem(SESSION, JSON.stringify(next))
  else sessionStorage.removeItem(SESSION)
  session.value = next
}

function device(): { id: string; name: string } {
  const id = localStorage.getItem(DEVICE) ?? newDeviceId()
  return { id, name: navigator.userAgent.includes('Mobile') ? 'phone browser' : 'desktop browser' }
}

function newDeviceId(): string {
  // crypto.randomUUID is missing on plain-HTTP intranet addresses.
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  localStorage.setItem(DEVICE, id)
  return id
}

export async function signIn(username: string, password: string): Promise<void> {
  const answer = await api.signIn(username, password, device())
  hasEnded.value = false
  replace(answer)
}

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => undefined)
  replace(null)
}

/** True when the error means that nobody is signed in any more; the page then asks again. */
export function endsSession(error: unknown): boolean {
  if (!(error instanceof Problem) || error.status !== 401) return false
  hasEnded.value = true
  replace(null)
  return true
}
