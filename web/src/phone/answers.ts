/** What an answer is worth: whether our server can have said it, and when to come again. */

export type Why = 'unreachable' | 'foreign' | 'busy' | 'signed_out' | 'not_understood'

/** Why sending stopped; everything that was not settled by then is still here. */
export class Stop extends Error {
  constructor(readonly why: Why, readonly afterMs: number | null = null) {
    super(why)
  }
}

/** Milliseconds that `Retry-After` asks for, as seconds or as a date (RFC 9110 §10.2.3). */
export function retryAfter(value: string | null, now: number): number | null {
  if (!value) return null
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}

function mediaType(answer: Response): string {
  return (answer.headers.get('Content-Type') ?? '').split(';')[0]!.trim().toLowerCase()
}

/**
 * Whether our server can have said this: a portal or a proxy in between answers with pages, or with an empty answer
 * that bears no mark of ours.
 */
export function isOurs(answer: Response): boolean {
  if (answer.redirected) return false
  if (answer.status === 204) return answer.headers.has('X-Trace-Id')
  return ['application/json', 'application/problem+json'].includes(mediaType(answer))
}

export async function pack(text: string): Promise<Blob> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).blob()
}

export async function objectOf(answer: Response): Promise<Record<string, unknown>> {
  const body: unknown = await answer.json().catch(() => null)
  if (!body || typeof body !== 'object') throw new Stop('foreign')
  return body as Record<string, unknown>
}

export const titleOf = (problem: unknown): string => String((problem as { title?: unknown } | null)?.title ?? '')
