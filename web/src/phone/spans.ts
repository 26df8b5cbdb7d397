/** When a shift is, as people say it. */
import { language } from '../shared/i18n'
import { date, moment, startOfDay } from '../shared/time'
import { say } from './words'

const DAY = 86_400_000 // ms
const timeOf = (ms: number): string => moment(ms, language.value).slice(-5)

/** The day, by its name where it is near, and from when to when. */
export function spanOf({ starts_at, ends_at }: { starts_at: string; ends_at: string }, now: number): string {
  const [from, to] = [Date.parse(starts_at), Date.parse(ends_at)]
  const days = Math.round((startOfDay(from) - startOfDay(now)) / DAY)
  const day = days === 0 ? say('today') : days === 1 ? say('tomorrow') : date(from, language.value)
  return `${day} ${timeOf(from)} – ${timeOf(to)}`
}
