/** Calls to the server: one place for what a session needs, conditional requests and problems. */
import createClient from 'openapi-fetch'
import { language } from './i18n'
import { Unreachable, problemOf } from './problem'
import type { paths } from './schema'
import type {
  Area, CoveragePage, CoverageRow, DemoAccount, Enrolment, GridFeature, Patrol, Session,
  SignedIn, TimeWindow,
} from './types'

export const API = '/api/v1'
const KEPT_ANSWERS = 100
export const PAGE = 500

const kept = new Map<string, { etag: string; body: string }>()
let csrf: string | null = null

/** The session itself is a cookie that no script can read; changes must prove that they come from this page. */
export function useCsrf(value: string | null): void {
  csrf = value
  kept.clear()
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    if (request.signal.aborted) throw error
    throw new Unreachable()
  }
}

async function keep(url: string, response: Response): Promise<void> {
  const etag = response.headers.get('ETag')
  if (!etag) return
  kept.delete(url)
  kept.set(url, { etag, body: await response.clone().text() })
  const [oldest] = kept.keys()
  if (kept.size > KEPT_ANSWERS && oldest) kept.delete(oldest)
}

async function ask(request: Request): Promise<Response> {
  const { url } = request
  const before = request.method === 'GET' ? kept.get(url) : undefined
  const headers = new Headers(request.headers)
  headers.set('Accept-Language', language.value)
  if (csrf && request.method !== 'GET') headers.set('X-CSRF-Token', csrf)
  if (before) headers.set('If-None-Match', before.etag)
  const response = await reach(new Request(request, { headers, cache: 'no-store' }))
  if (response.status === 304 && before) return new Response(before.body, { headers: response.headers })
  if (!response.ok) throw await problemOf(response)
  if (request.method === 'GET') await keep(url, response)
  return response
}

export const client = createClient<paths>({ fetch: ask, headers: { Accept: 'application/json' } })

/** What was answered; anything but an answer has been thrown by then. */
export async function told<T>(answer: Promise<{ data?: unknown }>): Promise<T> {
  return (await answer).data as T
}

/** Every item of a listing, page after page. */
export async function every<T>(
  path: string, asked: Record<string, string | boolean | undefined> = {}, signal?: AbortSignal,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const options = { params: { query: { ...asked, limit: PAGE, cursor } }, signal }
    const page = await told<{ items?: T[]; features?: T[]; next_cursor?: string | null }>(client.GET(path as '/api/v1/areas', options as never))
    items.push(...page.items ?? page.features ?? [])
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return items
}

export interface Credentials {
  username: string
  password: string
  /** Of the authenticator app, where one is enrolled. */
  code?: string
}

export interface Device {
  id: string
  name: string
}

function opened({ member, csrf_token, must_enrol }: SignedIn): Session {
  return { ...member, csrf_token, must_enrol }
}

export async function signIn(credentials: Credentials, device: Device): Promise<Session> {
  const body = { ...credentials, device, cookie: true }
  return opened(await told(client.POST('/api/v1/sessions', { body })))
}

export interface Invited {
  code: string
  username: string
  password: string
  /** Of the authenticator app, where one is enrolled. */
  second_factor?: string
}

export async function acceptInvitation(invited: Invited, device: Device): Promise<Session> {
  const body = { ...invited, device, cookie: true }
  return opened(await told(client.POST('/api/v1/sessions/invited', { body })))
}

export function me(): Promise<Session> {
  return told(client.GET('/api/v1/me'))
}

export function beginEnrolment(): Promise<Enrolment> {
  return told(client.POST('/api/v1/me/totp'))
}

export async function confirmEnrolment(code: string): Promise<void> {
  await client.POST('/api/v1/me/totp/confirm', { body: { code } })
}

export async function signOut(): Promise<void> {
  await client.DELETE('/api/v1/sessions/current')
}

/** The demonstration's accounts; a real installation has none and answers 404. */
export async function demoAccounts(): Promise<DemoAccount[]> {
  const { accounts } = await told<{ accounts: DemoAccount[] }>(client.GET('/api/v1/demonstration'))
  return accounts
}

export const allAreas = (signal?: AbortSignal): Promise<Area[]> => every('/api/v1/areas', {}, signal)

export interface CoverageQuestion extends Partial<TimeWindow> {
  area: string
  by: 'grid' | 'community' | 'township' | 'county'
}

export async function coverage(
  question: CoverageQuestion, signal?: AbortSignal,
): Promise<{ window: TimeWindow; rows: CoverageRow[] }> {
  const rows: CoverageRow[] = []
  let cursor: string | undefined
  for (;;) {
    const query = { ...question, limit: PAGE, cursor }
    const page = await told<CoveragePage>(client.GET('/api/v1/coverage', { params: { query }, signal }))
    rows.push(...page.items)
    if (!page.next_cursor) return { window: page.window, rows }
    cursor = page.next_cursor
  }
}

export function grid(code: string, signal?: AbortSignal): Promise<GridFeature> {
  return told(client.GET('/api/v1/grids/{code}', { params: { path: { code } }, signal }))
}

/** Patrols of which something happened since then, as far as the member may see them. */
export const patrolsSince = (from: string, signal?: AbortSignal): Promise<Patrol[]> => every('/api/v1/patrols', { from }, signal)
