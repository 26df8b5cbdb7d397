/** How the phone's queues speak to the server: as the member whose things they send, and taking no stranger's word. */
import { isOurs, retryAfter, Stop } from './answers'

const PATIENCE = 60_000 // ms, until an answer counts as lost

export interface Sender {
  id: string
  token: string
}

export type Fetch = typeof globalThis.fetch
export const network: Fetch = (...given) => globalThis.fetch(...given)

/** Whatever is answered, by whomever; throws Stop where nobody does. */
export async function reach(fetch: Fetch, sender: Sender, path: string, init: RequestInit): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), Accept: 'application/json', Authorization: `Bearer ${sender.token}` }
  try {
    return await fetch(path, {
      ...init, headers, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(PATIENCE),
    })
  } catch {
    throw new Stop('unreachable')
  }
}

/** What our server answers; throws Stop for a stranger's answer, a busy server and a sign-in that is over. */
export async function ask(fetch: Fetch, sender: Sender, path: string, init: RequestInit): Promise<Response> {
  const answer = await reach(fetch, sender, path, init)
  const { status } = answer
  if (status === 429 || (status >= 500 && status !== 511)) {
    throw new Stop('busy', retryAfter(answer.headers.get('Retry-After'), Date.now()))
  }
  if (!isOurs(answer)) throw new Stop('foreign')
  if (status === 401 || status === 403) throw new Stop('signed_out')
  return answer
}
