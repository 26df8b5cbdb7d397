/**
 * Small things that a person has said and the server must hear: a shift accepted, a notice read, a roll-call answered.
 *
 * They wait here while there is no network, each under the name of what it is about, so that the last word counts.
 * All of them are harmless to repeat.
 */
import Dexie, { type Table } from 'dexie'
import { uuid7 } from '../shared/ids'
import { titleOf } from './answers'
import { ask, type Fetch, network, type Sender } from './wire'

export interface Errand {
  /** `member/about`, so that a later answer takes the place of an earlier one. */
  key: string
  member_id: string
  about: string
  path: string
  body: unknown
  /** How the thing looks once the server has heard it. */
  shows: Shows | null
  said_at: number
  /** Names what was said, so that a later word is not taken for it. */
  word: string
}

export interface Shows { kind: string; key: string; change: object }
/** What became of an errand: `title` says why the server would not have it, null where it took it. */
export interface Outcome { about: string; title: string | null; shows: Shows | null }

export class Errands extends Dexie {
  private errands!: Table<Errand, string>
  private running: Promise<Outcome[]> | null = null

  constructor(name = 'gridpatrol.errands', private readonly fetch: Fetch = network) {
    super(name)
    this.version(1).stores({ errands: 'key, member_id' })
  }

  async add(memberId: string, about: string, path: string, body: unknown = null, shows: Shows | null = null): Promise<void> {
    const errand = { about, path, body: JSON.parse(JSON.stringify(body)), shows, said_at: performance.timeOrigin + performance.now(), word: uuid7() }
    await this.errands.put({ key: `${memberId}/${about}`, member_id: memberId, ...errand })
  }

  async list(memberId: string): Promise<Errand[]> {
    return this.errands.where({ member_id: memberId }).sortBy('said_at')
  }

  /** Sends what waits of a member, and tells what became of each; throws Stop where it could not go on. */
  send(sender: Sender): Promise<Outcome[]> {
    this.running ??= this.sendAll(sender).finally(() => { this.running = null })
    return this.running
  }

  private async sendAll(sender: Sender): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const errand of await this.list(sender.id)) {
      outcomes.push({ about: errand.about, title: await this.sendOne(sender, errand), shows: errand.shows })
      await this.done(errand)
    }
    return outcomes
  }

  private async sendOne(sender: Sender, { path, body }: Errand): Promise<string | null> {
    const sent = body === null ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }
    const answer = await ask(this.fetch, sender, path, { method: 'POST', ...sent })
    return answer.ok ? null : titleOf(await answer.json().catch(() => null))
  }

  /** Another answer that was given meanwhile stays. */
  private async done({ key, word }: Errand): Promise<void> {
    await this.transaction('rw', this.errands, async () => {
      if ((await this.errands.get(key))?.word === word) await this.errands.delete(key)
    })
  }
}
