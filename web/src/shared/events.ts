/** What happens, as the server tells it: kinds and codes only, so that whoever listens asks for the thing itself. */
import { API } from './api'

const PAUSE = 5_000

export interface Ear {
  /** `ready` and `reset` mean that anything may have happened meanwhile. */
  heard(kind: string): void
  /** Whether the stream is open. */
  connected(on: boolean): void
}

/**
 * Listens until the answer is called. The browser comes again by itself after a cut, and is told what it missed;
 * after a refusal it would not, so this does.
 */
export function listen(kinds: readonly string[], ear: Ear): () => void {
  let source: EventSource
  let again: ReturnType<typeof setTimeout> | undefined
  function open(): void {
    source = new EventSource(`${API}/events`)
    source.onopen = () => ear.connected(true)
    source.onerror = () => {
      ear.connected(false)
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, PAUSE)
    }
    for (const kind of ['ready', 'reset', ...kinds]) source.addEventListener(kind, () => ear.heard(kind))
  }
  open()
  return () => {
    clearTimeout(again)
    source.close()
  }
}
