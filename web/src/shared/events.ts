/** What happens, as the server tells it: kinds and codes only, so that whoever listens asks for the thing itself. */
import { API } from './api'

const PAUSE = 5_000
const ANYTHING = ['ready', 'reset']

export interface Ear {
  /** `ready` and `reset` mean that anything may have happened meanwhile. */
  heard(kind: string): void
  /** Whether the stream is open. */
  connected?(on: boolean): void
}

// A browser opens few connections to a server: all that listen on a page share one stream.
const ears = new Map<Ear, ReadonlySet<string>>()
let source: EventSource | undefined
let again: ReturnType<typeof setTimeout> | undefined
let known: Set<string>

function pass({ type }: Event): void {
  for (const [ear, kinds] of ears) if (kinds.has(type)) ear.heard(type)
}

function tellAll(on: boolean): void {
  for (const ear of ears.keys()) ear.connected?.(on)
}

function attend(kinds: Iterable<string>): void {
  for (const kind of kinds) {
    if (known.has(kind)) continue
    known.add(kind)
    source!.addEventListener(kind, pass)
  }
}

/** The browser comes again by itself after a cut, and is told what it missed; after a refusal it would not, so this does. */
function open(): void {
  const opened = new EventSource(`${API}/events`)
  source = opened
  known = new Set()
  opened.onopen = () => tellAll(true)
  opened.onerror = () => {
    tellAll(false)
    if (opened.readyState === EventSource.CLOSED) again = setTimeout(open, PAUSE)
  }
  for (const kinds of ears.values()) attend(kinds)
}

function shut(): void {
  clearTimeout(again)
  source?.close()
  source = undefined
}

/** Listens until the answer is called. */
export function listen(kinds: readonly string[], ear: Ear): () => void {
  ears.set(ear, new Set([...ANYTHING, ...kinds]))
  if (!source) open()
  else {
    attend(ears.get(ear)!)
    if (source.readyState === EventSource.OPEN) ear.connected?.(true)
  }
  return () => {
    ears.delete(ear)
    if (ears.size === 0) shut()
  }
}
