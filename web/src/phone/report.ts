/** A matter that somebody reports from here; it goes into the outbox, with its photos. */
import { shallowRef } from 'vue'
import { uuid7 } from '../shared/ids'
import { factsIn } from './facts'
import { placeOf } from './fixes'
import { fix, patrol, position } from './patrol'
import { keepPhotos } from './photos'
import type { MatterClass } from './server'
import { member } from './session'
import { outbox, sending } from './state'
import type { Kept } from './store'
import { expectMatter } from './told'

export interface Found {
  kind: MatterClass
  title: string
  text: string
  facts: Record<string, string>
  files: File[]
}

/** Keeps a matter at the last position; answers whether there was one. */
export async function report({ kind, title, text, facts, files }: Found): Promise<boolean> {
  const here = await position() ?? fix.value
  if (!here) return false
  const { id } = member.value!
  const photos = await keepPhotos(id, files)
  const told = factsIn(kind, facts)
  const about = { id: uuid7(), class: kind.code, title: title.trim() || kind.name_zh }
  const at = new Date().toISOString()
  await outbox.add(id, {
    type: 'matter', ...about, ...(patrol.value && { patrol_id: patrol.value.id }), at, ...placeOf(here), ...(text.trim() && { text: text.trim() }),
    ...(Object.keys(told).length && { facts: told }), ...(photos.length && { photos }),
  })
  await lookForUnsent()
  await expectMatter({ ...about, stage: 'reported', recorded_at: at, is_mine: true })
  navigator.vibrate?.(80)
  sending.soon()
  return true
}

/** The reports that the server does not have for certain; null until they were looked for. */
export const unsent = shallowRef<Kept[] | null>(null)

export async function lookForUnsent(): Promise<void> {
  const all = member.value ? await outbox.list(member.value.id) : []
  unsent.value = all.filter(({ item }) => item.type === 'matter').reverse()
}
