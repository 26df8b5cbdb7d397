/** What happens, as the server tells it over a stream that is open while the page is looked at. */
import { network, type Fetch } from './wire'

const FIRST = 2_000 // ms until the next try
const LONGEST = 60_000
const SILENCE = 40_000 // ms; the server says something every 15 s

export interface Heard { kind: string; id: string | null }

/** Takes a stream of server-sent events (HTML Living Standard §9.2.6) apart, whatever pieces it comes in. */
export class Blocks {
  private rest = ''

  take(text: string): Heard[] {
    const blocks = (this.rest + text.replaceAll('\r\n', '\n')).split('\n\n')
    this.rest = blocks.pop()!
    return blocks.flatMap((block) => {
      const field = (name: string): string | null =>
        block.split('\n').find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim() ?? null
      const [kind, id] = [field('event'), field('id')]
      return kind || id ? [{ kind: kind ?? '', id }] : []
    })
  }
}

export interface Ear {
  token(): string | null
  /** `ready` and `reset` mean that anything may have happened meanwhile. */
  heard(kind: string): void
  connected(on: boolean): void
}

export class Hearing {
  private open: AbortController | null = null
  private again: ReturnType<typeof setTimeout> | undefined
  private last: string | null = null
  private failures = 0

  constructor(private readonly ear: Ear, private readonly fetch: Fetch = network) {}

  start(): void {
    if (this.open || !this.ear.token()) return
    clearTimeout(this.again)
    const open = new AbortController()
    this.open = open
    void this.listen(open).catch(() => false).then((isOver) => this.cut(open, isOver))
  }

  stop(): void {
    clearTimeout(this.again)
    this.open?.abort()
    this.open = null
    this.ear.connected(false)
  }

  /** Somebody else listens from now on. */
  forget(): void {
    this.stop()
    this.last = null
  }

  private cut(open: AbortController, isRefused: boolean): void {
    if (this.open !== open) return
    this.open = null
    this.ear.connected(false)
    if (isRefused) return
    const pause = Math.min(LONGEST, FIRST * 2 ** this.failures)
    this.failures += 1
    this.again = setTimeout(() => this.start(), pause * (0.5 + Math.random() / 2))
  }

  /** Until the stream ends; answers whether the server wants no such listener. */
  private async listen(open: AbortController): Promise<boolean> {
    const headers: Record<string, string> = { Accept: 'text/event-stream', Authorization: `Bearer ${this.ear.token()}` }
    if (this.last) headers['Last-Event-ID'] = this.last
    const answer = await this.fetch('/api/v1/events', {
      headers, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: open.signal,
    })
    if (answer.status === 401 || answer.status === 403) return true
    if (!answer.ok || !answer.body || !answer.headers.get('Content-Type')?.startsWith('text/event-stream')) return false
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    const blocks = new Blocks()
    for (;;) {
      const silence = setTimeout(() => open.abort(), SILENCE)
      const { done, value } = await reader.read().finally(() => clearTimeout(silence))
      if (done || this.open !== open) return false
      this.failures = 0
      this.ear.connected(true)
      for (const { kind, id } of blocks.take(value)) {
        if (id) this.last = id
        if (kind) this.ear.heard(kind)
      }
    }
  }
}
