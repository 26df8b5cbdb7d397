/** What the server has told this phone: grids, shifts, checkpoints, notices, matters. It can always be told again. */
import Dexie, { type Table } from 'dexie'

/** One kind of thing in an answer of `/changes`: items by their `id`, or by their `code`. */
export interface Told {
  items: { id?: string; code?: string }[]
  gone: string[]
  /** These items replace all that the phone has of the kind. */
  whole: boolean
}
export type Changes = { cursor: string; whole: boolean } & Record<string, unknown>

interface Thing {
  kind: string
  key: string
  thing: unknown
}

interface Mark {
  name: 'owner' | 'cursor'
  value: string
}

const isTold = (value: unknown): value is Told =>
  typeof value === 'object' && value !== null && Array.isArray((value as Told).items) && Array.isArray((value as Told).gone)

const thingsOf = (kind: string, { items }: Told): Thing[] =>
  items.flatMap((thing) => { const key = thing.id ?? thing.code; return key ? [{ kind, key, thing }] : [] })

export class Known extends Dexie {
  private things!: Table<Thing, [string, string]>
  private marks!: Table<Mark, string>

  constructor(name = 'gridpatrol.known') {
    super(name)
    this.version(1).stores({ things: '[kind+key], kind', marks: 'name' })
  }

  /** Makes room for a member; what was told to another goes away. */
  async begin(memberId: string): Promise<void> {
    await this.transaction('rw', this.things, this.marks, async () => {
      if ((await this.marks.get('owner'))?.value === memberId) return
      await this.forget()
      await this.marks.put({ name: 'owner', value: memberId })
    })
  }

  /** Where the last answer ended; null before the first. */
  async cursor(): Promise<string | null> {
    return (await this.marks.get('cursor'))?.value ?? null
  }

  /** Takes an answer over in one step, kinds that this page does not know yet included. */
  async take(memberId: string, { cursor, whole, ...kinds }: Changes): Promise<void> {
    await this.transaction('rw', this.things, this.marks, async () => {
      if ((await this.marks.get('owner'))?.value !== memberId) return // they have left in the meantime
      if (whole) await this.things.clear()
      for (const [kind, told] of Object.entries(kinds)) if (isTold(told)) await this.replace(kind, told)
      await this.marks.put({ name: 'cursor', value: cursor })
    })
  }

  /** Keeps things that come in no answer of `/changes`; unless `whole`, beside those that are there. */
  async keep(memberId: string, kind: string, items: Told['items'], whole = true): Promise<void> {
    await this.transaction('rw', this.things, this.marks, async () => {
      if ((await this.marks.get('owner'))?.value === memberId) await this.replace(kind, { items, gone: [], whole })
    })
  }

  /** Changes what is known of a thing, until the server tells of it again. */
  async change(kind: string, key: string, change: object): Promise<void> {
    await this.things.where('[kind+key]').equals([kind, key]).modify((row) => { row.thing = { ...row.thing as object, ...change } })
  }

  /** Asks for everything the next time; until then all stays. */
  async restart(): Promise<void> {
    await this.marks.delete('cursor')
  }

  async all<T>(kind: string): Promise<T[]> {
    return (await this.things.where({ kind }).toArray()).map(({ thing }) => thing as T)
  }

  async forget(): Promise<void> {
    await this.transaction('rw', this.things, this.marks, async () => {
      await this.things.clear()
      await this.marks.clear()
    })
  }

  private async replace(kind: string, told: Told): Promise<void> {
    if (told.whole) await this.things.where({ kind }).delete()
    await this.things.bulkDelete(told.gone.map((key): [string, string] => [kind, key]))
    await this.things.bulkPut(thingsOf(kind, told))
  }
}

export type Ask = (cursor: string | null) => Promise<Changes | 'lost'>

/** Asks for what has changed since the last time, or for everything where the server cannot tell. */
export async function follow(known: Known, memberId: string, ask: Ask): Promise<Changes | null> {
  await known.begin(memberId)
  const cursor = await known.cursor()
  const told = await ask(cursor)
  const answer = told === 'lost' && cursor ? await ask(null) : told
  if (answer === 'lost') return null
  await known.take(memberId, answer)
  return answer
}
