/** Weekly patterns as people press them, and as RFC 5545 writes them. */

export const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
export type Day = (typeof DAYS)[number]

const WHOLE_DAY = 24 * 60 // minutes
const WEEKLY = /^(?:RRULE:)?FREQ=WEEKLY;BYDAY=((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*)$/

/** The rule of the pressed weekdays; at least one must be pressed. */
export function ruleOf(pressed: readonly Day[]): string {
  const days = DAYS.filter((day) => pressed.includes(day))
  if (!days.length) throw new RangeError('A pattern needs a day')
  return days.length === DAYS.length ? 'FREQ=DAILY' : `FREQ=WEEKLY;BYDAY=${days.join(',')}`
}

/** The weekdays that a rule stands for; null for a rule that buttons cannot show. */
export function daysOf(rule: string): Day[] | null {
  if (/^(?:RRULE:)?FREQ=DAILY$/.test(rule)) return [...DAYS]
  const named = WEEKLY.exec(rule)?.[1]?.split(',')
  return named ? DAYS.filter((day) => named.includes(day)) : null
}

function minutesOf(clock: string): number {
  const [hours = NaN, minutes = NaN] = clock.split(':').map(Number)
  return hours * 60 + minutes
}

/** How long a shift is between two times of the clock, past midnight where the end comes first. */
export function lengthOf(begins: string, ends: string): number {
  const passed = minutesOf(ends) - minutesOf(begins)
  return passed > 0 ? passed : passed + WHOLE_DAY
}

export interface End {
  clock: string
  nextDay: boolean
}

/** When a shift of so many minutes ends. */
export function endOf(begins: string, minutes: number): End {
  const end = minutesOf(begins) + minutes
  const part = (n: number): string => String(n).padStart(2, '0')
  return { clock: `${part(Math.floor(end / 60) % 24)}:${part(end % 60)}`, nextDay: end >= WHOLE_DAY }
}
