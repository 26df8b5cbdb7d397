/** Small things that outlive a reload, in the phone's own database. */
import Dexie, { type Table } from 'dexie'

class Store extends Dexie {
  kept!: Table<{ key: string; value: unknown }, string>

  constructor() {
    super('gridpatrol.phone')
    this.version(1).stores({ kept: 'key' })
  }
}

const store = new Store()

export async function recall<T>(key: string): Promise<T | null> {
  return ((await store.kept.get(key))?.value as T | undefined) ?? null
}

export async function keep(key: string, value: unknown): Promise<void> {
  await store.kept.put({ key, value: JSON.parse(JSON.stringify(value)) })
}

export async function forget(key: string): Promise<void> {
  await store.kept.delete(key)
}
