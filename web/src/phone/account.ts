/** Coming and going on this phone. Whoever leaves takes nothing along: what is unsent stays sealed until they return. */
import * as alarms from './alarms'
import { Hearing } from './hearing'
import * as patrol from './patrol'
import * as server from './server'
import * as session from './session'
import { isOnline, refresh, sending } from './state'
import * as told from './told'

const TILES = 'gridpatrol.tiles' // as the service worker names them
const UNHEARD = 60_000 // ms between two questions for news, without a stream of events
const HEARD = 10 * UNHEARD // and with one
const SECOND = 1_000

/** Listens while the page is looked at: what it hears of is asked for. */
const hearing = new Hearing({
  token: () => session.hasEnded.value ? null : session.token(),
  connected: (on) => { alarms.isHearing.value = on },
  heard: (kind) => {
    if (kind === 'alarm.changed' || kind === 'ready' || kind === 'reset') void alarms.look()
    if (kind !== 'alarm.changed') told.soon()
  },
})

export async function signIn(credentials: session.Credentials): Promise<void> {
  await enter(await server.signIn(credentials, await session.device()))
}

export async function acceptInvitation(invited: session.Invited): Promise<void> {
  await enter(await server.acceptInvitation(invited, await session.device()))
}

async function enter({ token, member, must_enrol }: server.Opened): Promise<void> {
  if (session.member.value && session.member.value.id !== member.id) await leave()
  await session.open({ token, member, must_enrol })
  await begin()
}

/** What is done whenever somebody is there: after signing in, and after a reload. */
export async function begin(): Promise<void> {
  if (!session.member.value) return
  if (!patrol.patrol.value) await patrol.resume()
  sending.now()
  void refresh()
  await told.begin()
  void alarms.begin()
  hearken()
}

export async function signOut(): Promise<void> {
  await patrol.stop()
  await server.signOut().catch(() => undefined) // without a network the token runs out by itself
  await leave()
}

async function leave(): Promise<void> {
  await patrol.stop()
  await session.close()
  hearing.forget()
  alarms.leave()
  await told.leave()
  await globalThis.caches?.delete(TILES)
  await refresh()
}

function hearken(): void {
  if (document.hidden || !isOnline.value || !session.member.value) return hearing.stop()
  hearing.start()
  told.soon()
  void alarms.look()
}

export function start(): void {
  alarms.start()
  addEventListener('online', hearken)
  addEventListener('offline', () => hearing.stop())
  document.addEventListener('visibilitychange', hearken)
  let asked = Date.now()
  setInterval(() => {
    told.now.value = Date.now()
    if (document.hidden || Date.now() - asked < (alarms.isHearing.value ? HEARD : UNHEARD)) return
    asked = Date.now()
    told.soon()
  }, SECOND)
}
