/** Times as the command centre reads them: always Asia/Shanghai. */
import type { Key, Language } from './i18n'

export const SHANGHAI = 'Asia/Shanghai'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
// China has kept one offset and no summer time since 1991.
const OFFSET = 8 * HOUR

export type WindowName = '1h' | 'today' | '24h' | '7d' | 'custom'
export interface Span { from: string; to: string }

const floor = (ms: number, step: number): number => Math.floor(ms / step) * step
const ceil = (ms: number, step: number): number => Math.ceil(ms / step) * step
const span = (from: number, to: number): Span => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
})

/** Start of the Shanghai day that `now` lies in. */
export function startOfDay(now: number): number {
  return floor(now + OFFSET, DAY) - OFFSET
}

/**
 * The bounds to ask the server for; none for the last 24 hours, which is what it answers by itself.
 * `hoursBack` asks for the same length of time earlier. They are whole hours, as coverage is kept; so caches hold and tiles need not be asked for anew at every look.
 */
export function windowOf(name: WindowName, present: number, custom?: Span, hoursBack = 0): Partial<Span> {
  const now = present - hoursBack * HOUR
  switch (name) {
    case '1h': return span(floor(now - HOUR, HOUR), ceil(now, HOUR))
    case 'today': return span(startOfDay(now), ceil(now, HOUR))
    case '7d': return span(floor(now - 7 * DAY, HOUR), ceil(now, HOUR))
    case 'custom': return custom ?? {}
    case '24h': return hoursBack ? span(floor(now - DAY, HOUR), ceil(now, HOUR)) : {}
  }
}

/** What an `<input type="datetime-local">` holds, read as Shanghai time. */
export function fromLocalInput(value: string): number {
  return Date.parse(`${value}:00+08:00`)
}

export function toLocalInput(ms: number): string {
  return new Date(ms + OFFSET).toISOString().slice(0, 16)
}

export function customSpan(from: string, to: string): Span | null {
  const start = fromLocalInput(from)
  const end = fromLocalInput(to)
  return start < end ? span(start, end) : null
}

/** How long ago, as a message and its number. */
export function ago(then: number, now: number): { key: Key; n: number } {
  const passed = Math.max(0, now - then)
  if (passed < 5_000) return { key: 'just_now', n: 0 }
  if (passed < MINUTE) return { key: 'seconds_ago', n: Math.floor(passed / 1000) }
  if (passed < HOUR) return { key: 'minutes_ago', n: Math.floor(passed / MINUTE) }
  if (passed < 2 * DAY) return { key: 'hours_ago', n: Math.floor(passed / HOUR) }
  return { key: 'days_ago', n: Math.floor(passed / DAY) }
}

const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = language + JSON.stringify(options)
  const known = formats.get(name)
  if (known) return known
  const made = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', { timeZone: SHANGHAI, ...options })
  formats.set(name, made)
  return made
}

export function clock(ms: number, language: Language): string {
  return format(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms)
}

export function day(ms: number, language: Language): string {
  return format(language, { month: language === 'en' ? 'short' : 'long', day: 'numeric', weekday: 'short' }).format(ms)
}

export function date(ms: number, language: Language): string {
  return format(language, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms)
}

export function month(ms: number, language: Language): string {
  return format(language, { year: 'numeric', month: 'long' }).format(ms)
}

export function monthDay(ms: number, language: Language): string {
  return format(language, { month: 'numeric', day: 'numeric' }).format(ms)
}

export function moment(ms: number, language: Language): string {
  return format(language, { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .format(ms).replace(',', '')
}

const EVENING = 20 // o'clock
const MORNING = 6

/** The night that is under way, from this hour on, or the one to come: 20:00 to 06:00. */
export function tonight(now: number): Span {
  const evening = startOfDay(now - MORNING * HOUR) + EVENING * HOUR
  return span(Math.max(evening, floor(now, HOUR)), evening + DAY - (EVENING - MORNING) * HOUR)
}

export function timeOfDay(ms: number, language: Language): string {
  return format(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms)
}

/** The last days up to a moment: whole days of Shanghai. */
export function lastDays(days: number, end: number): Span {
  return span(startOfDay(end - 1) - (days - 1) * DAY, startOfDay(end - 1) + DAY)
}
