/** Times, patterns and states of duty as people read them. */
import { language } from '../shared/i18n'
import { date } from '../shared/time'
import { endOf, daysOf } from './pattern'
import type { Assignment, Shift, Window } from './server'
import { dayName } from './week'
import { say } from './words'

export const clock = (at: string): string => new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(11, 16)

/** 20:00–23:00, or 22:00–次日 02:00. */
export function span({ from, to }: Window): string {
  const later = dayName(Date.parse(from)) !== dayName(Date.parse(to) - 1)
  return `${clock(from)}–${later ? `${say('next_day')} ` : ''}${clock(to)}`
}

/** For a narrow place: 22:00–02:00⁺¹. */
export const shortSpanOf = ({ starts_at, ends_at }: Shift): string =>
  `${clock(starts_at)}–${clock(ends_at)}${dayName(Date.parse(starts_at)) === dayName(Date.parse(ends_at) - 1) ? '' : '⁺¹'}`

export const spanOf = ({ starts_at, ends_at }: Shift): string => span({ from: starts_at, to: ends_at })

/** 11-24 20:00–23:00 */
export function datedSpan(given: Window): string {
  return `${dayName(Date.parse(given.from)).slice(5)} ${span(given)}`
}

export function daysSpoken(rule: string): string {
  const days = daysOf(rule)
  if (!days) return rule
  if (days.length === 7) return say('every_day')
  if (days.join() === 'MO,TU,WE,TH,FR') return say('workdays')
  const names = days.map((day) => say(`day_${day}`))
  return say('on_days', { days: names.join(language.value === 'en' ? ' ' : '、') })
}

export function patternOf({ rrule, starts_at, minutes }: Pick<Assignment, 'rrule' | 'starts_at' | 'minutes'>): string {
  const { clock: ends, nextDay } = endOf(starts_at, minutes)
  return `${daysSpoken(rrule)} ${starts_at}–${nextDay ? `${say('next_day')} ` : ''}${ends}`
}

export function periodOf({ from, to, ended_at }: Pick<Assignment, 'from' | 'to' | 'ended_at'>): string {
  const [first, last] = [Date.parse(from), Date.parse(ended_at ?? to) - 1].map((at) => date(at, language.value))
  return `${first} – ${last}`
}

export type ShiftState = 'declined' | 'now' | 'over' | 'accepted' | 'planned'

export function stateOf(shift: Shift, now: number): ShiftState {
  if (shift.state === 'declined') return 'declined'
  if (Date.parse(shift.ends_at) <= now) return 'over'
  if (Date.parse(shift.starts_at) <= now) return 'now'
  return shift.accepted ? 'accepted' : 'planned'
}

export const stateSpoken = (shift: Shift, now: number): string => say(`state_${stateOf(shift, now)}`, { n: shift.accepted })
