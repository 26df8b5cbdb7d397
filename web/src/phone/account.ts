/** Coming and going on this phone. Whoever leaves takes nothing along: what is unsent stays sealed until they return. */
import * as patrol from './patrol'
import * as server from './server'
import * as session from './session'
import { keep, recall, forget } from './keep'
import { refresh, sending } from './state'
import { ref } from 'vue'

const GRIDS = 'grids'
const TILES = 'gridpatrol.tiles' // as the service worker names them

export const grids = ref<server.GridShape[]>([])

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
  void fetchGrids()
}

export async function signOut(): Promise<void> {
  await patrol.stop()
  await server.signOut().catch(() => undefined) // without a network the token runs out by itself
  await leave()
}

async function leave(): Promise<void> {
  await patrol.stop()
  await session.close()
  await forget(GRIDS)
  grids.value = []
  await globalThis.caches?.delete(TILES)
  await refresh()
}

export async function fetchGrids(): Promise<void> {
  const area = session.member.value?.area?.code
  if (!area) return
  const kept = await recall<{ area: string; grids: server.GridShape[] }>(GRIDS)
  if (kept?.area === area) grids.value = kept.grids
  try {
    grids.value = await server.grids(area)
    await keep(GRIDS, { area, grids: grids.value })
  } catch {
    return // those that were kept are shown
  }
}
