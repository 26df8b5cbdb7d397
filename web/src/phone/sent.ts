/**
 * What the server has acknowledged, kept for a while: a server that was restored lacks what came after its last copy,
 * and then it is sent again. All of it makes room at once for what is not sent yet.
 */
import { isFull, type Row, type Sent, type Store, type Tables } from './store'

const HOUR = 3_600_000 // ms
const KEPT = 7 * 24 * HOUR
const KEPT_OF: Record<string, number> = {
  track: 3 * 24 * HOUR, // where somebody was is kept no longer than must be
  alarm: HOUR, // a call for help that comes again later would only frighten
}
const AT_ONCE = 50 // rows that make room

const keyOf = ({ table, row }: Row): string => table === 'items' ? row.id : table === 'photos' ? row.key : ''
const typeOf = ({ table, row }: Row): string => table === 'items' ? row.item.type : table

export class Archive {
  constructor(private readonly store: Store) {}

  /** Takes acknowledged rows out of what waits; with a full storage, and without a word of the epoch, they just go. */
  async take(rows: Row[], epoch: number | null): Promise<void> {
    const { store } = this
    const kept = epoch === null ? [] : rows.map((of): Sent => ({
      key: keyOf(of), member_id: of.row.member_id, epoch, until: Date.now() + (KEPT_OF[typeOf(of)] ?? KEPT), of,
    }))
    const go = async (): Promise<void> => {
      for (const { table, row } of rows) {
        if (table === 'photos') await store.photos.delete(row.key)
        else if (row.seq !== undefined) await store.table(table).delete(row.seq)
      }
    }
    try {
      await store.transaction('rw', store.items, store.photos, store.sent, async () => {
        await go()
        await store.sent.bulkPut(kept)
      })
    } catch (error) {
      if (!isFull(error)) throw error
      await go()
    }
  }

  /** Some of a member's rows that were acknowledged in other lives of the server than this one. */
  async ofOtherLives(memberId: string, epoch: number, most: number): Promise<Sent[]> {
    const lives = await this.livesOf(memberId)
    return this.store.sent.where('[member_id+epoch]').anyOf(lives.filter((life) => life[1] !== epoch)).limit(most).toArray()
  }

  async holds(memberId: string): Promise<boolean> {
    return (await this.livesOf(memberId)).length > 0
  }

  /** The server has these in this life too. */
  async confirm(rows: Sent[], epoch: number): Promise<void> {
    await this.store.sent.bulkUpdate(rows.map(({ key }) => ({ key, changes: { epoch } })))
  }

  /** These wait again, each at its old place. */
  async putBack(rows: Sent[]): Promise<void> {
    const { store } = this
    await store.transaction('rw', store.items, store.photos, store.sent, async () => {
      for (const { key, of } of rows) {
        const again = of.table === 'photos' ? { state: 'waiting', begun: true } : { state: 'waiting', asked: false }
        await store.sent.delete(key)
        await store.table<Tables[keyof Tables]>(of.table).put({ ...of.row, ...again } as Tables[keyof Tables])
      }
    })
  }

  /** Forgets what has been kept long enough. */
  async trim(): Promise<void> {
    await this.store.sent.where('until').below(Date.now()).delete()
  }

  /** Gives up the oldest rows for the sake of what is not sent yet; false where there are none. */
  async makeRoom(): Promise<boolean> {
    const oldest = await this.store.sent.orderBy('until').limit(AT_ONCE).primaryKeys()
    await this.store.sent.bulkDelete(oldest)
    return oldest.length > 0
  }

  /** Forgets a member's tracks, which the server would not take again. */
  async forgetTracks(memberId: string): Promise<void> {
    await this.store.sent.filter(({ member_id, of }) => member_id === memberId && typeOf(of) === 'track').delete()
  }

  private async livesOf(memberId: string): Promise<[string, number][]> {
    const lives = await this.store.sent.orderBy('[member_id+epoch]').uniqueKeys() as unknown as [string, number][]
    return lives.filter(([owner]) => owner === memberId)
  }
}
