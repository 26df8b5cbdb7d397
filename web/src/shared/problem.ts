/** What can go wrong between a page and the server. */

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string | null = null,
    readonly traceId: string | null = null,
    readonly type: string | null = null,
    /** By field: what is wrong with it, or what stands against it. */
    readonly errors: unknown = null,
  ) {
    super(title)
  }
}

/** No answer at all: the network or the server is down. */
export class Unreachable extends Error {}

/** Reads a problem document; a proxy in between may answer with anything else. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null)
  const field = (name: string): string | null => {
    const value = body && typeof body === 'object' ? (body as Record<string, unknown>)[name] : null
    return typeof value === 'string' && value ? value : null
  }
  const title = field('title') ?? `HTTP ${response.status}`
  const errors = body && typeof body === 'object' && 'errors' in body ? body.errors : null
  return new Problem(response.status, title, field('detail'), field('trace_id'), field('type'), errors)
}

/** What a problem says of single fields, each as `field: sentence`, however deep they lie. */
export function faultsOf(errors: unknown, field = ''): string[] {
  if (typeof errors === 'string') return [field ? `${field}: ${errors}` : errors]
  if (Array.isArray(errors)) return errors.flatMap((each) => faultsOf(each, field))
  if (!errors || typeof errors !== 'object') return []
  return Object.entries(errors).flatMap(([name, each]) => faultsOf(each, field ? `${field}.${name}` : name))
}
