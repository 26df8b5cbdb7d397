/** What the tests of the outbox share: a server that answers as told, and remembers what it was asked. */
import 'fake-indexeddb/auto'
import { gunzipSync } from 'node:zlib'
import Dexie from 'dexie'
import { afterEach, beforeEach } from 'vitest'
import { uuid7 } from '../shared/ids'
import type { Stop } from './answers'
import { Outbox } from './outbox'
import type { Item } from './store'

export const BATU = { id: 'batu', token: 'batu-token' }
export const OYUN = { id: 'oyun', token: 'oyun-token' }
export const PROBLEM = 'application/problem+json'

export interface Asked {
  path: string
  method: string
  token: string
  headers: Headers
  size: number
  body: any
}
export type Answerer = (asked: Asked) => Response | Promise<Response>

/** The phone's queue, and the server that it speaks to, in one of its lives; new for each test. */
export const stage = {} as { name: string; outbox: Outbox; asked: Asked[]; server: Answerer; epoch: number }

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })

export const problem = (status: number, title = 'No', headers = {}): Response => json({ title }, status, { 'Content-Type': PROBLEM, ...headers })

export const verdict = (status: string) => ({ id }: Item) => ({ id, status, durable: status !== 'rejected', problem: { title: `was ${status}` } })

/** Answers every item with the same verdict. */
export const says = (status: string): Answerer => ({ body }) => json({
  batch_id: body.batch_id, server_epoch: stage.epoch, results: body.items.map(verdict(status)),
})

async function read(init: RequestInit): Promise<{ body: unknown; size: number }> {
  if (init.body === undefined) return { body: null, size: 0 }
  const headers = new Headers(init.headers)
  const bytes = Buffer.from(await new Response(init.body).arrayBuffer())
  const plain = headers.get('Content-Encoding') === 'gzip' ? gunzipSync(bytes) : bytes
  const isJson = headers.get('Content-Type') === 'application/json'
  return { body: isJson ? JSON.parse(plain.toString()) : plain, size: plain.length }
}

const fetchOf = (): typeof fetch => async (path, init = {}) => {
  const headers = new Headers(init.headers)
  const one = { path: String(path), method: init.method ?? 'GET', token: headers.get('Authorization') ?? '', headers, ...await read(init) }
  stage.asked.push(one)
  return stage.server(one)
}

export const open = (): Outbox => new Outbox(stage.name, fetchOf())
export const checkIn = (fields = {}): Item => ({ type: 'check_in', id: uuid7(), patrol_id: 'p', lon: 97.3, lat: 37.3, ...fields })
export const ids = async (member = BATU): Promise<string[]> => (await stage.outbox.list(member.id)).map(({ id }) => id)
export const uploads = (): Asked[] => stage.asked.filter(({ path }) => path === '/api/v1/uploads')
export const stop = (sender = BATU): Promise<Stop> => stage.outbox.send(sender).then(() => { throw new Error('went on') }, (error: Stop) => error)

export async function adding(count: number, fields = {}): Promise<Item[]> {
  const items = Array.from({ length: count }, () => checkIn(fields))
  for (const item of items) await stage.outbox.add(BATU.id, item)
  return items
}

/** A storage that is full until told otherwise. */
export function full(): () => void {
  const put = IDBObjectStore.prototype.put
  const add = IDBObjectStore.prototype.add
  const refuse = (): never => { throw new DOMException('No room', 'QuotaExceededError') }
  Object.assign(IDBObjectStore.prototype, { put: refuse, add: refuse })
  return () => Object.assign(IDBObjectStore.prototype, { put, add })
}

export const portal = '<html><form>Please agree to the terms</form></html>'

/** Makes the stage ready for each test of a file, and clears it away. */
export function staged(): void {
  beforeEach(() => {
    Object.assign(stage, { name: `outbox ${uuid7()}`, asked: [], server: says('stored'), epoch: 1 })
    stage.outbox = open()
  })
  afterEach(async () => {
    stage.outbox.close()
    await Dexie.delete(stage.name)
  })
}
