/** Which positions of a phone are worth keeping. */
import type { Point } from './store'

const EARTH = 6_371_008.8 // m, mean radius (IUGG)
const STILL = 30_000 // ms between positions of one who stands
const MOVING = 3_000 // ms between positions of one who goes
const STEP = 5 // m

export interface Fix {
  at: number
  lon: number
  lat: number
  accuracy_m: number | null
  speed_mps: number | null
  heading_deg: number | null
}

const radians = (degrees: number): number => degrees * Math.PI / 180
const known = (value: number | null | undefined, low: number, high: number): number | null =>
  typeof value === 'number' && value >= low && value <= high ? value : null
const round = (value: number | null, digits: number): number | null => value === null ? null : Number(value.toFixed(digits))

export function fixOf({ timestamp, coords }: GeolocationPosition): Fix {
  return {
    at: Math.round(timestamp),
    lon: coords.longitude,
    lat: coords.latitude,
    accuracy_m: known(coords.accuracy, 0, 1e7),
    speed_mps: known(coords.speed, 0, 1e4),
    heading_deg: known(coords.heading, 0, 360),
  }
}

export function pointOf(fix: Fix): Point {
  return [
    fix.at, round(fix.lon, 7), round(fix.lat, 7), round(fix.accuracy_m, 1), round(fix.speed_mps, 2), round(fix.heading_deg, 0),
  ]
}

/** A position as items bear it. */
export function placeOf({ lon, lat, accuracy_m }: Fix): { lon: number; lat: number; accuracy_m?: number } {
  return { lon: round(lon, 7)!, lat: round(lat, 7)!, ...(accuracy_m !== null && { accuracy_m: round(accuracy_m, 1)! }) }
}

/** Metres between two places along a great circle (haversine). */
export function metres(one: { lon: number; lat: number }, two: { lon: number; lat: number }): number {
  const [north, east] = [radians(two.lat - one.lat) / 2, radians(two.lon - one.lon) / 2]
  const half = Math.sin(north) ** 2 + Math.cos(radians(one.lat)) * Math.cos(radians(two.lat)) * Math.sin(east) ** 2
  return 2 * EARTH * Math.asin(Math.sqrt(half))
}

/** Whoever stands needs few positions, whoever goes one at every few steps. */
export function isWorthKeeping(last: Fix | null, next: Fix): boolean {
  if (!last) return true
  const passed = next.at - last.at
  return passed >= STILL || (passed >= MOVING && metres(last, next) >= STEP)
}

/** Metres gone from one position to the next; what may be only the error of the positions is not counted. */
export function gone(last: Fix | null, next: Fix): number {
  if (!last) return 0
  const distance = metres(last, next)
  return distance > Math.max(STEP, Math.min(next.accuracy_m ?? 0, last.accuracy_m ?? 0) / 2) ? distance : 0
}

/** Which of eight winds lies towards a place, 0 for north and on clockwise. */
export function windTo(from: { lon: number; lat: number }, to: { lon: number; lat: number }): number {
  const east = (to.lon - from.lon) * Math.cos(radians((from.lat + to.lat) / 2))
  const degrees = Math.atan2(east, to.lat - from.lat) * 180 / Math.PI
  return Math.round((degrees + 360) / 45) % 8
}
