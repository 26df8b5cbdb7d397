/** When the counties held their last drills, and holding one. */
import { computed } from 'vue'
import { loadAlarms } from '../../shared/alarms'
import { client, told } from '../../shared/api'
import type { FullAlarm, Named, Told } from '../../shared/types'
import { asked } from './asked'

export type Drilled = Told<'DrilledCounty', { area: Named; last_held_at: string | null }>

/** The counties of the officer's area, whatever part of it is looked at. */
export const drills = asked('alarms:drill', async (_, signal) => {
  return (await told<{ items: Drilled[] }>(client.GET('/api/v1/alarms/drills', { signal }))).items
}, { of: () => 'everywhere' })

export const drillsDue = computed(() => (drills.answer.value ?? []).filter(({ is_due }) => is_due))

/** Calls out a drill; gives how many people are told. */
export async function hold(area: string): Promise<number> {
  const drill = await told<FullAlarm>(client.POST('/api/v1/alarms/drills', { body: { area } }))
  void loadAlarms()
  void drills.load()
  return drill.told.drill ?? 0
}
