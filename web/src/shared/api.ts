/** Calls to the server: one place for the token, conditional requests and problems. */
import { Unreachable, problemOf } from './problem'
import { language } from './i18n'
import type {
  Area, AreaPage, CoveragePage, CoverageRow, DemoAccount, GridFeature, SessionAnswer, TimeWindow,
} from './types'

export const API = '/api/v1'
const KEPT_ANSWERS = 100

type Query = Record<string, string | number | undefined>
interface Kept { etag: string; body: unknown }

const kept = new Map<string, Kept>()
let token: string | null = null

export function useToken(value: string | null): void {
  token = value
  kept.clear()
}

export function authorization(): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {}
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { Accept: 'application/json', 'Accept-Language': language.value, ...authorization(), ...init.headers }
  try {
    return await fetch(API + path, { ...init, headers, cache: 'no-store' })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Unreachable()
  }
}

function keep(path: string, etag: string | null, body: unknown): void {
  if (!etag) return
  kept.delete(path)
  kept.set(path, { etag, body })
  const oldest = kept.keys().next().value
  if (kept.size > KEPT_ANSWERS && oldest) kept.delete(oldest)
}

async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  const url = search ? `${path}?${search}` : path
  const before = kept.get(url)
  const response = await call(url, { signal, headers: before ? { 'If-None-Match': before.etag } : {} })
  if (response.status === 304 && before) return before.body as T
  if (!response.ok) throw await problemOf(response)
  const body: T = await response.json()
  keep(url, response.headers.get('ETag'), body)
  return body
}

export async function signIn(username: string, password: string, device: { id: string; name: string }): Promise<SessionAnswer> {
  const response = await call('/sessions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password, device }),
  })
  if (!response.ok) throw await problemOf(response)
  return response.json()
}

export async function signOut(): Promise<void> {
  await call('/sessions/current', { method: 'DELETE' })
}

/** The demonstration's accounts, or none in a real installation. */
export async function demoAccounts(): Promise<DemoAccount[]> {
  const response = await call('/demonstration')
  return response.ok ? (await response.json()).accounts : []
}

export async function allAreas(signal?: AbortSignal): Promise<Area[]> {
  const areas: Area[] = []
  let cursor: string | undefined
  do {
    const page = await get<AreaPage>('/areas', { limit: 500, cursor }, signal)
    areas.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return areas
}

export interface CoverageQuestion extends Partial<TimeWindow> {
  area: string
  by: 'grid' | 'township'
}

export async function coverage(
  question: CoverageQuestion, signal?: AbortSignal,
): Promise<{ window: TimeWindow; rows: CoverageRow[] }> {
  const rows: CoverageRow[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await get<CoveragePage>('/coverage', { ...question, limit: 500, cursor }, signal)
    rows.push(...page.items)
    if (!page.next_cursor) return { window: page.window, rows }
    cursor = page.next_cursor
  }
}

export function grid(code: string, signal?: AbortSignal): Promise<GridFeature> {
  return get<GridFeature>(`/grids/${code}`, {}, signal)
}
