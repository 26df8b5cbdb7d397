/** The hours for which holes are looked for: those of this evening, of the night, of the day. */
import { startOfDay } from '../shared/time'
import type { Window } from './server'

export const NIGHTS = ['evening', 'night', 'day'] as const
export type Night = (typeof NIGHTS)[number]

const HOUR = 3_600_000
const SPANS: Record<Night, [from: number, to: number]> = { evening: [20, 23], night: [20, 30], day: [0, 24] }

/** The coming evening, night or day: today's as long as it is not over, then tomorrow's. */
export function windowOf(night: Night, now: number): Window {
  const [from, to] = SPANS[night]
  const midnight = startOfDay(now)
  // Before dawn the night that began yesterday still goes on.
  const first = [-24, 0, 24].find((hours) => now < midnight + (hours + to) * HOUR)!
  const at = (hours: number): string => new Date(midnight + (first + hours) * HOUR).toISOString()
  return { from: at(from), to: at(to) }
}
