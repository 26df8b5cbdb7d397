/** Open matters of the chosen area as a list that grows, and the file of the one that is chosen. */
import { ref, shallowRef } from 'vue'
import { client, told } from '../../shared/api'
import { language } from '../../shared/i18n'
import { Problem, Unreachable } from '../../shared/problem'
import { endsSession } from '../../shared/session'
import type { Matter, MatterClass, MatterStep } from '../../shared/types'
import { asked } from './asked'
import { view } from './view'

const AT_ONCE = 200
interface Page { items: Matter[]; next_cursor: string | null }
export interface MatterFile { matter: Matter; steps: MatterStep[]; verified: boolean }

function page(area: string, cursor: string | undefined, signal?: AbortSignal): Promise<Page> {
  const query = { area, open: true, limit: AT_ONCE, cursor }
  return told(client.GET('/api/v1/matters', { params: { query }, signal }))
}

/** The first page, and what has been asked for beyond it. */
export const openMatters = asked((area, signal) => page(area, undefined, signal))

export async function moreMatters(): Promise<void> {
  const before = openMatters.answer.value
  if (!before?.next_cursor || !view.area) return
  const next = await page(view.area, before.next_cursor)
  if (openMatters.answer.value !== before) return
  openMatters.answer.value = { items: [...before.items, ...next.items], next_cursor: next.next_cursor }
}

const classes = shallowRef<ReadonlyMap<string, MatterClass>>(new Map())

export function className(code: string): string {
  const known = classes.value.get(code)
  return (language.value === 'en' ? known?.name_en : known?.name_zh) ?? code
}

async function loadClasses(): Promise<void> {
  if (classes.value.size) return
  const { items } = await told<{ items: MatterClass[] }>(client.GET('/api/v1/matter-classes'))
  classes.value = new Map(items.map((each) => [each.code, each]))
}

export const matterFile = shallowRef<MatterFile | null>(null)
export const matterProblem = ref<Problem | 'unreachable' | null>(null)

export async function loadMatter(): Promise<void> {
  const id = view.matter
  matterProblem.value = null
  if (matterFile.value?.matter.id !== id) matterFile.value = null
  if (!id) return
  const params = { path: { matter_id: id } }
  try {
    const [matter, history] = await Promise.all([
      told<Matter>(client.GET('/api/v1/matters/{matter_id}', { params })),
      told<{ items: MatterStep[]; verified: boolean }>(client.GET('/api/v1/matters/{matter_id}/steps', { params })),
      loadClasses(),
    ])
    if (id === view.matter) matterFile.value = { matter, steps: history.items, verified: history.verified }
  } catch (error) {
    if (endsSession(error) || id !== view.matter) return
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error
    matterProblem.value = error instanceof Problem ? error : 'unreachable'
  }
}

export async function loadMatters(): Promise<void> {
  await Promise.all([loadClasses().catch(() => undefined), openMatters.load()])
}
