/** A calendar's week: days from midnight to midnight in Asia/Shanghai, and shifts cut into a piece for each. */
import { startOfDay } from '../shared/time'

const DAY = 24 * 60 * 60 * 1000
const THURSDAY = 3 // that 1 January 1970 was, counted from Monday

/** The midnight that a week begins with, `weeks` after the one that holds `now`. */
export function mondayOf(now: number, weeks = 0): number {
  const midnight = startOfDay(now)
  const days = Math.round((midnight - startOfDay(0)) / DAY)
  return midnight - ((days + THURSDAY) % 7) * DAY + weeks * 7 * DAY
}

export function daysFrom(monday: number): number[] {
  return Array.from({ length: 7 }, (_, n) => monday + n * DAY)
}

/** The day as the API names it: YYYY-MM-DD in Asia/Shanghai. */
export function dayName(at: number): string {
  return new Date(startOfDay(at) + 8 * 60 * 60 * 1000).toISOString().slice(0, 10)
}

export interface Timed {
  starts_at: string
  ends_at: string
}

export interface Piece<T> {
  of: T
  /** 0 for Monday. */
  day: number
  /** Shares of the day, 0 to 1. */
  from: number
  to: number
  /** Whether the shift began before this day, or goes on after it. */
  begunBefore: boolean
  goesOn: boolean
}

/** Shifts cut at each midnight of a week, in order of their beginning; what lies outside of it is left away. */
export function pieces<T extends Timed>(shifts: readonly T[], monday: number): Piece<T>[] {
  const cut: Piece<T>[] = []
  for (const of of shifts) {
    const [start, end] = [Date.parse(of.starts_at), Date.parse(of.ends_at)]
    const first = Math.max(0, Math.floor((start - monday) / DAY))
    for (let day = first; day < 7 && monday + day * DAY < end; day += 1) {
      const midnight = monday + day * DAY
      if (midnight + DAY <= start) continue
      cut.push({
        of, day,
        from: Math.max(0, (start - midnight) / DAY),
        to: Math.min(1, (end - midnight) / DAY),
        begunBefore: start < midnight,
        goesOn: end > midnight + DAY,
      })
    }
  }
  return cut.sort((a, b) => a.day - b.day || a.from - b.from || a.to - b.to)
}

export interface Row<T> {
  id: string
  name: string
  /** The pieces of each day. */
  days: Piece<T>[][]
}

/** A row for each of the given things, with the pieces of the shifts that `ids` finds to belong to it. */
export function rows<T extends Timed>(
  things: readonly { id: string; name: string }[], shifts: readonly T[], monday: number, ids: (shift: T) => readonly string[],
): Row<T>[] {
  const found = new Map(things.map(({ id, name }) => [id, { id, name, days: Array.from({ length: 7 }, (): Piece<T>[] => []) }]))
  for (const piece of pieces(shifts, monday)) {
    for (const id of ids(piece.of)) found.get(id)?.days[piece.day]?.push(piece)
  }
  return [...found.values()]
}
