/** Calls of the phone page: with the member's own token, and without ever taking a portal's page for an answer. */
import createClient from 'openapi-fetch'
import { language } from '../shared/i18n'
import { Problem, Unreachable, problemOf } from '../shared/problem'
import type { components, paths } from '../shared/schema'
import { token } from './session'
import type { Credentials, Device, Invited, Member } from './session'

type Schemas = components['schemas']
export type Consent = Schemas['Consent']
export type Look = Schemas['AccessLog']['items'][number]
export type AppKind = 'owntracks' | 'traccar' | 'overland' | 'gpslogger'
export interface App { id: string; name: string; kind: string }
export interface NewApp extends App { link: string; qr_svg: string }
export interface GridShape { id?: string; geometry: unknown; properties: { code: string; name: string } }

const PAGE = 500
const PATIENCE = 20_000 // ms

async function ask(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('Accept-Language', language.value)
  if (token()) headers.set('Authorization', `Bearer ${token()}`)
  const made = new Request(request, { headers, cache: 'no-store', credentials: 'omit', redirect: 'error' })
  const response = await fetch(made, { signal: AbortSignal.timeout(PATIENCE) }).catch(() => { throw new Unreachable() })
  const type = response.headers.get('Content-Type') ?? ''
  if (response.status !== 204 && !/^application\/([\w.-]+\+)?json/.test(type)) throw new Unreachable()
  if (!response.ok) throw await problemOf(response)
  return response
}

const client = createClient<paths>({ fetch: ask, headers: { Accept: 'application/json' } })

async function told<T>(answer: Promise<{ data?: unknown }>): Promise<T> {
  return (await answer).data as T
}

export interface Opened { token: string; expires_at: string; member: Member; must_enrol?: boolean }

export function signIn(credentials: Credentials, device: Device): Promise<Opened> {
  return told(client.POST('/api/v1/sessions', { body: { ...credentials, device, cookie: false } }))
}

export function acceptInvitation(invited: Invited, device: Device): Promise<Opened> {
  return told(client.POST('/api/v1/sessions/invited', { body: { ...invited, device, cookie: false } }))
}

export async function signOut(): Promise<void> {
  await client.DELETE('/api/v1/sessions/current')
}

export function consent(): Promise<Consent> {
  return told(client.GET('/api/v1/me/consents/track'))
}

export function decide(agreed: boolean, textId: string): Promise<Consent> {
  return told(client.PUT('/api/v1/me/consents/track', { body: { agreed, text_id: textId } }))
}

export async function looks(): Promise<Look[]> {
  return (await told<Schemas['AccessLog']>(client.GET('/api/v1/me/access-log', { params: { query: { limit: 100 } } }))).items
}

export async function apps(): Promise<App[]> {
  return (await told<{ items: App[] }>(client.GET('/api/v1/me/devices'))).items
}

export function addApp(kind: AppKind, name: string): Promise<NewApp> {
  return told(client.POST('/api/v1/me/devices', { body: { kind, name } }))
}

export async function removeApp(id: string): Promise<void> {
  await client.DELETE('/api/v1/me/devices/{device_id}', { params: { path: { device_id: id } } })
}

/** The grids of an area, at most `most` of them. */
export async function grids(area: string, most = 2_000): Promise<GridShape[]> {
  const found: GridShape[] = []
  let cursor: string | undefined
  do {
    const query = { area, limit: PAGE, cursor }
    const page = await told<{ features: GridShape[]; next_cursor: string | null }>(client.GET('/api/v1/grids', { params: { query } }))
    found.push(...page.features)
    cursor = page.next_cursor ?? undefined
  } while (cursor && found.length < most)
  return found
}

/** What to tell a person about a failed call. */
export function wordsOf(error: unknown, unreachable: string): string {
  if (error instanceof Problem) return error.detail ?? error.title
  if (error instanceof Unreachable) return unreachable
  throw error
}
