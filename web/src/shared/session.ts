/** Who is signed in on this page. */
import { computed, ref } from 'vue'
import * as api from './api'
import { Problem, Unreachable } from './problem'
import type { Session } from './types'

const DEVICE = 'gridpatrol.device'
const PAUSE = 5_000

const session = ref<Session | null>(null)

/** False until the server has said whether somebody is signed in here. */
export const isKnown = ref(false)
export const hasEnded = ref(false)
export const member = computed(() => session.value)

function replace(next: Session | null): void {
  api.useCsrf(next?.csrf_token ?? null)
  session.value = next
  isKnown.value = true
}

/** Asks who is signed in here: the cookie survives a reload, and this page cannot read it. */
export async function resume(): Promise<void> {
  try {
    replace(await api.me())
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return replace(null)
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error
    setTimeout(resume, PAUSE)
  }
}

function device(): api.Device {
  const id = localStorage.getItem(DEVICE) ?? newDeviceId()
  return { id, name: navigator.userAgent.includes('Mobile') ? 'phone browser' : 'desktop browser' }
}

function newDeviceId(): string {
  // crypto.randomUUID is missing on plain-HTTP intranet addresses.
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  localStorage.setItem(DEVICE, id)
  return id
}

export async function signIn(credentials: api.Credentials): Promise<void> {
  const answer = await api.signIn(credentials, device())
  hasEnded.value = false
  replace(answer)
}

/** The code of the invitation that this page was opened with; the address keeps it out of server logs. */
export const invitation = ref(new URLSearchParams(location.hash.slice(1)).get('invited'))

export async function acceptInvitation(invited: api.Invited): Promise<void> {
  const answer = await api.acceptInvitation(invited, device())
  history.replaceState(null, '', location.pathname)
  invitation.value = null
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
