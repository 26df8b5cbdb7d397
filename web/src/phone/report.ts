/** A matter that somebody reports from here; it goes into the outbox, with its photos. */
import { uuid7 } from '../shared/ids'
import { factsIn } from './facts'
import { placeOf } from './fixes'
import { fix, patrol, position } from './patrol'
import { keepPhotos } from './photos'
import type { MatterClass } from './server'
import { member } from './session'
import { outbox, sending } from './state'
import type { Kept } from './store'

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
  await outbox.add(id, {
    type: 'matter', id: uuid7(), ...(patrol.value && { patrol_id: patrol.value.id }), at: new Date().toISOString(), ...placeOf(here),
    class: kind.code, title: title.trim() || kind.name_zh, ...(text.trim() && { text: text.trim() }),
    ...(Object.keys(told).length && { facts: told }), ...(photos.length && { photos }),
  })
  navigator.vibrate?.(80)
  sending.soon()
  return true
}

/** The reports of a member that the server does not have for certain. */
export async function unsentReports(memberId: string): Promise<Kept[]> {
  return (await outbox.list(memberId)).filter(({ item }) => item.type === 'matter').reverse()
}
