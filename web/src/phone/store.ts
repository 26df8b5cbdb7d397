/** The phone's own database: what waits, and to whom it belongs. */
import Dexie, { type Table } from 'dexie'

export interface Item {
  type: string
  id: string
  patrol_id?: string
  [field: string]: unknown
}

/** `[unix_ms, lon, lat, accuracy_m, speed_mps, heading_deg]`, null where unknown. */
export type Point = (number | null)[]

type State = 'waiting' | 'refused'

export interface Kept {
  seq?: number
  id: string
  member_id: string
  item: Item
  bytes: number
  state: State
  /** It was sent, and the answer did not come. */
  asked?: boolean
  reason?: string
}

export interface Photo {
  key: string
  sha256: string
  member_id: string
  type: string
  body: ArrayBuffer
  state: State
  begun?: boolean
  reason?: string
}

export interface Fix {
  seq?: number
  member_id: string
  patrol_id: string
  point: Point
}

/** What the server has acknowledged, and in which of its lives. */
export interface Sent {
  /** Of an item its id, of a photo its key. */
  key: string
  member_id: string
  epoch: number
  /** Unix milliseconds when it may be forgotten. */
  until: number
  of: Row
}

export class Store extends Dexie {
  items!: Table<Kept, number>
  points!: Table<Fix, number>
  photos!: Table<Photo, string>
  sent!: Table<Sent, string>

  constructor(name: string) {
    super(name)
    this.version(1).stores({
      items: '++seq, &id, [member_id+state], member_id',
      points: '++seq, member_id',
      photos: 'key, [member_id+state], member_id',
    })
    this.version(2).stores({ sent: 'key, until, [member_id+epoch]' })
  }
}

export interface Tables {
  items: Kept
  points: Fix
  photos: Photo
}
export type Row = { [Name in keyof Tables]: { table: Name; row: Tables[Name] } }[keyof Tables]

interface Failure {
  name?: string
  inner?: Failure
  failures?: Failure[]
}

export function isFull(error: unknown): boolean {
  for (let each = error as Failure | null; each; each = each.inner ?? each.failures?.[0] ?? null) {
    if (each.name === 'QuotaExceededError') return true
  }
  return false
}

/** A change that a full storage does not take is known in memory only: it is at worst learnt again. */
export async function unlessFull(change: PromiseLike<unknown>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!isFull(error)) throw error
  }
}
