/** When the outbox is sent: soon after something came, at once when the network is back, later after a failure. */
import { Stop, type Why } from './answers'
import type { Outbox } from './outbox'
import type { Sender } from './wire'

const SOON = 1_500 // ms, so that a few things go together
const FIRST = 1_000
const LONGEST = 5 * 60_000

/** Milliseconds until the next try: doubling, at random so that phones do not come back all at once. */
export function pause(failures: number, asked: number | null, random = Math.random()): number {
  const most = Math.min(LONGEST, FIRST * 2 ** failures)
  return asked === null ? Math.max(FIRST, most * random) : asked + FIRST * random
}

export interface Progress {
  busy: boolean
  why: Why | null
  /** Unix milliseconds of the next try after a failure. */
  nextAt: number | null
}

export class Sending {
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private running = false
  private again = false
  private resting = false

  constructor(
    private readonly outbox: Pick<Outbox, 'send'>,
    private readonly sender: () => Sender | null,
    private readonly told: (progress: Progress) => void,
  ) {}

  /** Something new is there; a pause that the server or a failure asked for is kept. */
  soon(): void {
    if (this.running) this.again = true
    else if (!this.resting) this.plan(SOON)
  }

  /** The network is back, or a person asks. */
  now(): void {
    this.failures = 0
    this.resting = false
    if (this.running) this.again = true
    else this.plan(0)
  }

  stop(): void {
    clearTimeout(this.timer)
  }

  private plan(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), ms)
  }

  private async run(): Promise<void> {
    const sender = this.sender()
    if (!sender || this.running) return
    this.running = true
    this.again = false
    this.told({ busy: true, why: null, nextAt: null })
    const stop = await this.outbox.send(sender).then(() => null, (error: unknown) => error)
    this.running = false
    if (stop === null) this.rest(null)
    else if (stop instanceof Stop) this.rest(stop)
    else {
      this.rest(new Stop('not_understood'))
      throw stop
    }
  }

  private rest(stop: Stop | null): void {
    if (!stop) {
      this.failures = 0
      this.resting = false
      this.told({ busy: false, why: null, nextAt: null })
      if (this.again) this.plan(SOON)
      return
    }
    if (stop.why === 'signed_out') {
      this.resting = false
      return this.told({ busy: false, why: stop.why, nextAt: null })
    }
    this.resting = true
    const ms = pause(this.failures, stop.afterMs)
    this.failures += 1
    this.told({ busy: false, why: stop.why, nextAt: Date.now() + ms })
    this.plan(ms)
  }
}
