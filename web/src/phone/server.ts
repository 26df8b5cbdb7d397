/** Calls of the phone page: with the member's own token, and without ever taking a portal's page for an answer. */
import createClient from 'openapi-fetch'
import { language } from '../shared/i18n'
import { Problem, Unreachable, problemOf } from '../shared/problem'
import type { components, paths } from '../shared/schema'
import type { Alarm, Call, StepName } from './help'
import type { Changes } from './known'
import { token } from './session'
import type { Credentials, Device, Invited, Member } from './session'

type Schemas = components['schemas']
export type Consent = Schemas['Consent']
export type Look = Schemas['AccessLog']['items'][number]
export type AppKind = 'owntracks' | 'traccar' | 'overland' | 'gpslogger'
export interface App { id: string; name: string; kind: string }
export interface NewApp extends App { link: string; qr_svg: string }

const PATIENCE = 20_000 // ms
const HURRY = 8_000 // ms, for whoever calls for help

async function ask(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('Accept-Language', language.value)
  if (token()) headers.set('Authorization', `Bearer ${token()}`)
  const made = new Request(request, { headers, cache: 'no-store', credentials: 'omit', redirect: 'error' })
  const patience = new URL(request.url).pathname.startsWith('/api/v1/alarms') ? HURRY : PATIENCE
  const response = await fetch(made, { signal: AbortSignal.timeout(patience) }).catch(() => { throw new Unreachable() })
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

/** What has changed behind a cursor; `lost` where the server can tell only everything. */
export async function changes(cursor: string | null): Promise<Changes | 'lost'> {
  try {
    return await told<Changes>(client.GET('/api/v1/changes', { params: { query: cursor ? { cursor } : {} } }))
  } catch (error) {
    if (cursor && error instanceof Problem && [410, 422].includes(error.status)) return 'lost'
    throw error
  }
}

export interface MatterClass { code: string; name_zh: string; name_en: string; group: string; urgency: string; required: string[] }

export async function matterClasses(): Promise<MatterClass[]> {
  return (await told<{ items: MatterClass[] }>(client.GET('/api/v1/matter-classes'))).items
}

/** As far as a phone shows it; what the server adds does no harm. */
export interface Matter {
  id: string
  class: string
  title: string
  stage: string
  recorded_at?: string
  late?: boolean
  reporter_id?: string | null
  is_mine?: boolean
  is_given?: boolean
}

export async function matters(): Promise<Matter[]> {
  return (await told<{ items: Matter[] }>(client.GET('/api/v1/matters', { params: { query: { limit: 50 } } }))).items
}

export interface Colleague { id: string; name: string }

export async function colleagues(shiftId: string): Promise<Colleague[]> {
  const params = { path: { shift_id: shiftId } }
  return (await told<{ items: Colleague[] }>(client.GET('/api/v1/shifts/{shift_id}/swap-candidates', { params }))).items
}

export interface Calls { id: string; status: Alarm['status']; way: string; recorded_at: string; area: Alarm['area'] }

export async function openAlarms(): Promise<Calls[]> {
  return (await told<{ items: Calls[] }>(client.GET('/api/v1/alarms', { params: { query: { state: 'open', limit: 20 } } }))).items
}

export function alarm(id: string): Promise<Alarm> {
  return told(client.GET('/api/v1/alarms/{alarm_id}', { params: { path: { alarm_id: id } } }))
}

/** Calls for help; the clock goes along, so that a wrong one is corrected. */
export function raiseAlarm(call: Call): Promise<Alarm> {
  return told(client.POST('/api/v1/alarms', { body: { ...call, sent_at: new Date().toISOString() } }))
}

export function step(id: string, name: StepName, pin?: string): Promise<Alarm> {
  return told(client.POST('/api/v1/alarms/{alarm_id}/steps', { params: { path: { alarm_id: id } }, body: { step: name, ...(pin && { pin }) } }))
}

export async function choosePin(pin: string, current?: string): Promise<void> {
  await client.PUT('/api/v1/me/alarm-pin', { body: { pin, ...(current && { current }) } })
}

/** What to tell a person about a failed call. */
export function wordsOf(error: unknown, unreachable: string): string {
  if (error instanceof Problem) return error.detail ?? error.title
  if (error instanceof Unreachable) return unreachable
  throw error
}
