/**
 * A call for help of one's own: made once, told to the server at once and by the outbox as well, both under one id.
 *
 * Until the server has answered it is told again and again, after a restart too; a second press while a call is
 * open is the same call.
 */
import { uuid7 } from '../shared/ids'
import type { Item } from './store'

/** What was called; both ways to the server carry exactly this. */
export interface Call {
  id: string
  at: string
  lon?: number
  lat?: number
  accuracy_m?: number
}

export type StepName = 'acknowledge' | 'accept' | 'arrived' | 'resolve' | 'false_alarm'

export interface Alarm {
  id: string
  status: 'raised' | 'acknowledged' | 'accepted' | 'arrived' | 'resolved' | 'false_alarm'
  level: string
  way: string
  recorded_at: string
  area: { code: string; name: string } | null
  member: { id: string; name: string } | null
  position: { lon: number; lat: number } | null
  accuracy_m: number | null
  grid: { code: string; name: string } | null
  told: Record<string, number>
  steps: { version: number; kind: string; at: string; role: string; by: { id: string; name: string } | null }[]
  allowed: StepName[]
}

export interface Calling {
  member_id: string
  call: Call
  /** As the server knows it; null until it has answered. */
  alarm: Alarm | null
}

export interface Ports {
  /** Puts an item into the outbox. */
  add(memberId: string, item: Item): Promise<void>
  /** Tells the server at once; null where it cannot be reached. */
  raise(call: Call): Promise<Alarm | null>
  look(id: string): Promise<Alarm | null>
  keep(calling: Calling | null): Promise<void>
  recall(): Promise<Calling | null>
  told(calling: Calling | null): void
}

export type Place = Pick<Call, 'lon' | 'lat' | 'accuracy_m'>

export const isOver = (alarm: Alarm | null): boolean => alarm !== null && ['resolved', 'false_alarm'].includes(alarm.status)

export class Help {
  private calling: Calling | null = null
  private asking: Promise<void> | null = null

  constructor(private readonly ports: Ports) {}

  /** Goes on with the call that a restart interrupted, if it is this member's. */
  async resume(memberId: string): Promise<void> {
    const kept = await this.ports.recall()
    this.set(kept?.member_id === memberId ? kept : null)
    await this.follow()
  }

  /** Calls; an open call is the same one. No way to the server waits for the other. */
  async call(memberId: string, place: Place): Promise<void> {
    if (this.calling && !isOver(this.calling.alarm)) return this.follow()
    const call = { id: uuid7(), at: new Date().toISOString(), ...place }
    const calling = { member_id: memberId, call, alarm: null }
    this.set(calling)
    await Promise.all([this.ports.add(memberId, { type: 'alarm', ...call }), this.ports.keep(calling), this.follow()])
  }

  /** Tells the server of the call if it has not answered yet, else asks how it stands. One at a time. */
  follow(): Promise<void> {
    this.asking ??= this.askOnce().finally(() => { this.asking = null })
    return this.asking
  }

  /** Takes over what the server has answered to a step. */
  async note(alarm: Alarm): Promise<void> {
    if (this.calling?.call.id !== alarm.id) return
    this.set({ ...this.calling, alarm })
    await this.ports.keep(this.calling)
  }

  /** Puts a call that is over out of sight. */
  async close(): Promise<void> {
    if (!this.calling || !isOver(this.calling.alarm)) return
    this.set(null)
    await this.ports.keep(null)
  }

  private async askOnce(): Promise<void> {
    const { calling } = this
    if (!calling || isOver(calling.alarm)) return
    const alarm = calling.alarm ? await this.ports.look(calling.call.id) : await this.ports.raise(calling.call)
    if (alarm) await this.note(alarm)
  }

  private set(calling: Calling | null): void {
    this.calling = calling
    this.ports.told(calling)
  }
}
