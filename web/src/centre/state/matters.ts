/** Open matters of the chosen area, as a list that grows. */
import { shallowRef } from 'vue'
import { client, told } from '../../shared/api'
import { className, classes, type Matter, type MatterClass } from '../../shared/matters'
import { asked } from './asked'
import { view } from './view'

const AT_ONCE = 200
interface Page { items: Matter[]; next_cursor: string | null }

function page(area: string, cursor: string | undefined, signal?: AbortSignal): Promise<Page> {
  const query = { area, open: true, limit: AT_ONCE, cursor }
  return told(client.GET('/api/v1/matters', { params: { query }, signal }))
}

/** The first page, and what has been asked for beyond it. */
export const openMatters = asked('matters:read', (area, signal) => page(area, undefined, signal))

export async function moreMatters(): Promise<void> {
  const before = openMatters.answer.value
  if (!before?.next_cursor || !view.area) return
  const next = await page(view.area, before.next_cursor)
  if (openMatters.answer.value !== before) return
  openMatters.answer.value = { items: [...before.items, ...next.items], next_cursor: next.next_cursor }
}

const kinds = shallowRef<readonly MatterClass[]>([])

export function kindOf(code: string): string {
  return className(code, kinds.value)
}

export async function loadMatters(): Promise<void> {
  const known = classes().then((all) => { kinds.value = all }, () => undefined)
  await Promise.all([known, openMatters.load()])
}
