/**
 * What this phone has recorded and not yet brought to the server.
 *
 * Everything belongs to the member who recorded it and is sent only with that member's own session; who comes after
 * neither sees nor sends nor erases it. An item goes away only when the server has said of its id that it is durable,
 * and comes back when a restored server says that it is missing.
 */
import type { Table } from 'dexie'
import { sha256, uuid7 } from '../shared/ids'
import { objectOf, pack, Stop, titleOf } from './answers'
import { Archive } from './sent'
import { isFull, type Item, type Kept, type Photo, type Point, type Row, Store, type Tables, unlessFull } from './store'
import { ask, type Fetch, network, reach, type Sender } from './wire'

export const MOST_ITEMS = 500
export const MOST_POINTS = 1_000
export const MOST_BYTES = 1024 * 1024
const ENVELOPE = 512 // bytes, more than all of a batch but its items
const PART = 512 * 1024 // bytes of a photo in one request
const WORTH_PACKING = 1_024 // bytes

export interface Summary {
  items: number
  points: number
  photos: number
  refused: number
  /** Items, points and photos of whoever used this phone before. */
  others: number
  /** Kept in memory only, since the phone's storage is full. */
  unsaved: number
}

const sizeOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

interface Verdict {
  id?: unknown
  status?: unknown
  durable?: unknown
  problem?: unknown
}

export class Outbox {
  private readonly store: Store
  private readonly archive: Archive
  /** Which life of the server's database it last spoke of. */
  private epoch: number | null = null
  private unsaved: Row[] = []
  private most = MOST_ITEMS
  private packs = typeof CompressionStream === 'function'
  private sending: Promise<void> | null = null
  private ended = false

  constructor(
    name = 'gridpatrol.outbox',
    private readonly fetch: Fetch = network,
    private readonly changed: () => void = () => undefined,
  ) {
    this.store = new Store(name)
    this.archive = new Archive(this.store)
  }

  /** Keeps an item. With a full storage it stays in memory and is tried again: it is never dropped. */
  async add(memberId: string, item: Item): Promise<void> {
    await this.keep({ table: 'items', row: { id: item.id, member_id: memberId, item, bytes: sizeOf(item), state: 'waiting' } })
  }

  /** Keeps a position of a patrol; `gather` makes a track of many. */
  async addPoint(memberId: string, patrolId: string, point: Point): Promise<void> {
    await this.keep({ table: 'points', row: { member_id: memberId, patrol_id: patrolId, point } })
  }

  /** Keeps a photo, and answers the name by which items speak of it. */
  async addPhoto(memberId: string, body: ArrayBuffer, type: string): Promise<string> {
    const name = await sha256(body)
    const key = `${memberId}/${name}`
    await this.keep({ table: 'photos', row: { key, sha256: name, member_id: memberId, type, body, state: 'waiting' } })
    return name
  }

  /** Makes tracks of the positions kept so far, each in one step with their removal. */
  async gather(memberId: string): Promise<void> {
    const { store } = this
    try {
      await store.transaction('rw', store.points, store.items, async () => {
        const fixes = await store.points.where({ member_id: memberId }).sortBy('seq')
        await store.points.bulkDelete(fixes.map(({ seq }) => seq!))
        for (const patrolId of new Set(fixes.map((fix) => fix.patrol_id))) {
          const points = fixes.filter((fix) => fix.patrol_id === patrolId).map(({ point }) => point)
          for (let from = 0; from < points.length; from += MOST_POINTS) {
            const item = { type: 'track', id: uuid7(), patrol_id: patrolId, points: points.slice(from, from + MOST_POINTS) }
            await store.items.add({ id: item.id, member_id: memberId, item, bytes: sizeOf(item), state: 'waiting' })
          }
        }
      })
    } catch (error) {
      if (!isFull(error)) throw error // full: the positions stay as they are until something has been sent
    }
    this.changed()
  }

  /** Sends what waits of this member; throws Stop where it could not go on. One at a time. */
  send(sender: Sender): Promise<void> {
    this.sending ??= this.sendAll(sender).finally(() => {
      this.sending = null
      if (!this.ended) this.changed()
    })
    return this.sending
  }

  async summary(memberId: string | null): Promise<Summary> {
    const { items, points, photos } = this.store
    const all = [...await items.toArray(), ...this.held('items')]
    const pictures = [
      ...await photos.toCollection().primaryKeys(), ...this.held('photos').map(({ key }) => key),
    ].map((key) => key.split('/')[0])
    const refusedPhotos = memberId ? await photos.where({ member_id: memberId, state: 'refused' }).count() : 0
    const fixes = [...await points.toArray(), ...this.held('points')]
    const mine = all.filter((each) => each.member_id === memberId)
    const [myFixes, myPhotos] = [fixes.filter((each) => each.member_id === memberId), pictures.filter((each) => each === memberId)]
    const waiting = mine.filter(({ state }) => state === 'waiting')
    const tracks = waiting.reduce((sum, { item }) => sum + (Array.isArray(item.points) ? item.points.length : 0), 0)
    return {
      items: waiting.filter(({ item }) => item.type !== 'track').length,
      points: tracks + myFixes.length,
      photos: myPhotos.length - refusedPhotos,
      refused: mine.length - waiting.length + refusedPhotos,
      others: all.length + fixes.length + pictures.length - mine.length - myFixes.length - myPhotos.length,
      unsaved: this.unsaved.length,
    }
  }

  /** What of a member waits or was refused, oldest first. */
  async list(memberId: string): Promise<Kept[]> {
    const kept = await this.store.items.where({ member_id: memberId }).sortBy('seq')
    return [...kept, ...this.held('items').filter((each) => each.member_id === memberId)]
  }

  async photos(memberId: string): Promise<Photo[]> {
    const kept = await this.store.photos.where({ member_id: memberId }).toArray()
    return [...kept, ...this.held('photos').filter((each) => each.member_id === memberId)]
  }

  /** Lets what was refused be sent again. */
  async retry(memberId: string): Promise<void> {
    const refused = { member_id: memberId, state: 'refused' }
    const again = { state: 'waiting' as const, reason: undefined }
    await this.store.items.where(refused).modify(again)
    await this.store.photos.where(refused).modify(again)
    for (const each of this.unsaved) if (each.table !== 'points' && each.row.member_id === memberId) Object.assign(each.row, again)
    this.changed()
  }

  /** The server may have been restored: it is asked before anything is taken to be there. */
  doubt(): void {
    this.epoch = null
  }

  /** Forgets the tracks of a member that are sent, and which the server would take no more. */
  async forgetTracks(memberId: string): Promise<void> {
    await this.archive.forgetTracks(memberId)
  }

  close(): void {
    this.ended = true
    this.store.close()
  }

  private async keep(row: Row): Promise<void> {
    try {
      await this.put(row)
    } catch (error) {
      if (!isFull(error)) throw error
      this.unsaved.push(row)
    }
    this.changed()
  }

  private async put({ table, row }: Row): Promise<void> {
    try {
      await (this.store.table(table) as Table<unknown>).put(row)
    } catch (error) {
      if (!isFull(error) || !await this.archive.makeRoom()) throw error
      await this.put({ table, row } as Row)
    }
  }

  private held<Name extends keyof Tables>(table: Name): Tables[Name][] {
    return this.unsaved.flatMap((each) => each.table === table ? [each.row as Tables[Name]] : [])
  }

  private async save(): Promise<void> {
    while (this.unsaved.length) {
      const row = this.unsaved[0]!
      try {
        await this.put(row)
      } catch (error) {
        if (isFull(error)) return
        throw error
      }
      this.unsaved = this.unsaved.filter((each) => each !== row)
    }
  }

  private async sendAll(sender: Sender): Promise<void> {
    await this.save()
    await this.gather(sender.id)
    await this.askAfterLost(sender)
    await this.sendItems(sender)
    if (await this.askAfterRestore(sender)) await this.sendItems(sender)
    await this.archive.trim()
    const waiting = { member_id: sender.id, state: 'waiting' }
    for (const key of await this.store.photos.where(waiting).primaryKeys()) {
      const photo = await this.store.photos.get(key)
      if (photo) await this.sendPhoto(sender, photo)
    }
    for (const photo of this.held('photos')) {
      if (photo.member_id === sender.id && photo.state === 'waiting') await this.sendPhoto(sender, photo)
    }
    await this.save()
  }

  private async sendItems(sender: Sender): Promise<void> {
    for (let batch = await this.next(sender.id); batch.length; batch = await this.next(sender.id)) {
      await this.sendBatch(sender, batch)
      await this.save()
      await this.gather(sender.id)
    }
  }

  private async waiting(memberId: string): Promise<Kept[]> {
    const kept = await this.store.items.where({ member_id: memberId, state: 'waiting' }).limit(MOST_ITEMS).sortBy('seq')
    return [...this.held('items').filter((each) => each.member_id === memberId && each.state === 'waiting'), ...kept]
  }

  private async next(memberId: string): Promise<Kept[]> {
    const batch: Kept[] = []
    let bytes = ENVELOPE
    for (const each of await this.waiting(memberId)) {
      bytes += each.bytes + 1
      if (batch.length === this.most || (batch.length && bytes > MOST_BYTES)) break
      batch.push(each)
    }
    return batch
  }

  /** Of what was sent without an answer: what has arrived need not be sent again. */
  private async askAfterLost(sender: Sender): Promise<void> {
    const lost = (await this.waiting(sender.id)).filter(({ asked }) => asked).slice(0, MOST_ITEMS)
    if (!lost.length) return
    const gone = await this.missing(sender, lost.map(({ id }) => id))
    await this.settled(lost.filter(({ id }) => !gone.has(id)))
    await this.note(lost.filter(({ id }) => gone.has(id)), { asked: false })
  }

  /** Which of these the server does not have, as it says together with its epoch. */
  private async missing(sender: Sender, ids: string[]): Promise<Set<string>> {
    const init = { method: 'POST', body: JSON.stringify({ ids }), headers: { 'Content-Type': 'application/json' } }
    const answer = await ask(this.fetch, sender, '/api/v1/uploads/receipts', init)
    const said = answer.ok ? await objectOf(answer) : {}
    if (!Array.isArray(said.missing)) throw new Stop('not_understood')
    const gone = new Set(said.missing.map((id) => String(id).toLowerCase()))
    if ([...gone].some((id) => !ids.includes(id))) throw new Stop('not_understood')
    this.hear(said)
    return gone
  }

  private hear({ server_epoch }: Record<string, unknown>): void {
    if (typeof server_epoch === 'number') this.epoch = server_epoch
  }

  /** After the server was restored: what it lacks of what it had acknowledged waits again. Says whether anything does. */
  private async askAfterRestore(sender: Sender): Promise<boolean> {
    const { archive } = this
    if (this.epoch === null && await archive.holds(sender.id)) await this.missing(sender, [])
    let again = false
    for (;;) {
      const rows = this.epoch === null ? [] : await archive.ofOtherLives(sender.id, this.epoch, MOST_ITEMS)
      if (!rows.length) return again
      const items = rows.filter(({ of }) => of.table === 'items')
      const gone = items.length ? await this.missing(sender, items.map(({ key }) => key)) : new Set()
      try {
        await archive.putBack(rows.filter(({ key, of }) => of.table === 'photos' || gone.has(key)))
        await archive.confirm(items.filter(({ key }) => !gone.has(key)), this.epoch!)
      } catch (error) {
        if (!isFull(error)) throw error
        return again // they stay as they are, and are asked after when there is room
      }
      again ||= gone.size > 0
    }
  }

  private async sendBatch(sender: Sender, batch: Kept[]): Promise<void> {
    const batchId = uuid7()
    const clock = { sent_at: new Date().toISOString() }
    const text = JSON.stringify({ batch_id: batchId, crs: 'wgs84', clock, items: batch.map(({ item }) => item) })
    const packed = this.packs && text.length > WORTH_PACKING
    const headers: Record<string, string> = { 'Content-Type': 'application/json', ...(packed && { 'Content-Encoding': 'gzip' }) }
    await this.note(batch, { asked: true })
    const body = packed ? await pack(text) : text
    const answer = await ask(this.fetch, sender, '/api/v1/uploads', { method: 'POST', body, headers }).catch(async (stop: Stop) => {
      if (stop.why === 'signed_out') await this.note(batch, { asked: false })
      throw stop
    })
    const said = await objectOf(answer)
    if (!answer.ok) {
      await this.note(batch, { asked: false })
      return this.isolate(answer.status, packed, batch, titleOf(said))
    }
    if (answer.status !== 200 || said.batch_id !== batchId || !Array.isArray(said.results)) throw new Stop('foreign')
    this.hear(said)
    await this.settle(batch, said.results as Verdict[])
    this.most = MOST_ITEMS
  }

  /** A batch that the server cannot read is halved until the one item that spoils it stands alone. */
  private async isolate(status: number, packed: boolean, batch: Kept[], title: string): Promise<void> {
    if (status === 415 && packed) {
      this.packs = false
    } else if (![400, 413, 422].includes(status)) {
      throw new Stop('not_understood')
    } else if (batch.length > 1) {
      this.most = Math.ceil(batch.length / 2)
    } else {
      await this.note(batch, { state: 'refused', reason: title })
    }
  }

  private async settle(batch: Kept[], verdicts: Verdict[]): Promise<void> {
    const byId = new Map(verdicts.map((verdict) => [verdict?.id, verdict]))
    const durable = batch.filter(({ id }) => byId.get(id)?.durable === true)
    const refused = batch.filter(({ id }) => byId.get(id)?.durable !== true && byId.get(id)?.status === 'rejected')
    await this.settled(durable)
    for (const each of refused) await this.note([each], { state: 'refused', asked: false, reason: titleOf(byId.get(each.id)?.problem) })
    if (durable.length + refused.length < batch.length) throw new Stop('not_understood')
    this.changed()
  }

  /** Sends a photo, a large one in parts; it goes away when the server names it by the same digest. */
  private async sendPhoto(sender: Sender, photo: Photo): Promise<void> {
    const path = `/api/v1/media/${photo.sha256}`
    const total = photo.body.byteLength
    let from = photo.begun ? await this.offset(sender, path, total) : 0
    await this.mark(photo, { begun: true })
    while (from < total) {
      const to = Math.min(from + PART, total)
      const headers: Record<string, string> = { 'Content-Type': photo.type }
      if (total > PART) headers['Content-Range'] = `bytes ${from}-${to - 1}/${total}`
      const answer = await ask(this.fetch, sender, path, { method: 'PUT', body: photo.body.slice(from, to), headers })
      const said = await objectOf(answer)
      if (!answer.ok) {
        if (answer.status === 404 || answer.status === 409) throw new Stop('not_understood')
        await this.mark(photo, { state: 'refused', reason: titleOf(said) })
        return this.changed()
      }
      if (said.sha256 !== photo.sha256) throw new Stop('foreign')
      if (answer.status !== 202) break
      const reached = Number(said.upload_offset)
      if (!(reached > from && reached <= total)) throw new Stop('not_understood')
      from = reached
    }
    await this.archive.take([{ table: 'photos', row: photo }], this.epoch)
    this.unsaved = this.unsaved.filter(({ row }) => row !== photo)
    this.changed()
  }

  /** How far a photo has come that was begun before. */
  private async offset(sender: Sender, path: string, total: number): Promise<number> {
    const answer = await reach(this.fetch, sender, path, { method: 'HEAD' })
    if (answer.status === 200 && !answer.redirected && answer.headers.has('X-Trace-Id')) return total
    const reached = Number(answer.headers.get('Upload-Offset'))
    return answer.status === 204 && Number.isInteger(reached) ? reached : 0
  }

  private async settled(rows: Kept[]): Promise<void> {
    await this.archive.take(rows.map((row) => ({ table: 'items', row })), this.epoch)
    this.unsaved = this.unsaved.filter(({ row }) => !rows.includes(row as Kept))
  }

  private async note(rows: Kept[], change: Partial<Kept>): Promise<void> {
    const stale = rows.filter((row) => Object.entries(change).some(([name, value]) => row[name as keyof Kept] !== value))
    for (const row of stale) Object.assign(row, change)
    const changes = stale.flatMap(({ seq }) => seq === undefined ? [] : [{ key: seq, changes: change }])
    await unlessFull(this.store.items.bulkUpdate(changes))
  }

  private async mark(photo: Photo, change: Partial<Photo>): Promise<void> {
    Object.assign(photo, change)
    await unlessFull(this.store.photos.update(photo.key, change))
  }
}
