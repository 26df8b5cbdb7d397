/** GeoJSON that the map is fed with. */
import type { Position } from './spread'

export interface Spot {
  code: string
  name: string
  at: Position
}

export interface TownshipSpot extends Spot {
  ring: string
  colour: string
  share_seen: number
  within: boolean
  /** What else stands under its name. */
  badge: string
}

export function points(spots: readonly Spot[]) {
  const features = spots.map(({ at, ...properties }) =>
    ({ type: 'Feature' as const, properties, geometry: { type: 'Point' as const, coordinates: at as number[] } }))
  return { type: 'FeatureCollection' as const, features }
}

/** Lines that lead from a moved mark back to where it belongs. */
export function leaders(pairs: readonly [Position, Position][]) {
  const features = pairs.map((pair) =>
    ({ type: 'Feature' as const, properties: {}, geometry: { type: 'LineString' as const, coordinates: pair as number[][] } }))
  return { type: 'FeatureCollection' as const, features }
}

interface Piece { properties: { code?: string; name?: string }; geometry: { type: string; coordinates?: unknown } }

/** One name for each grid, in its middle, though tiles hold the grid in pieces. */
export function namesOf(pieces: readonly Piece[]): Spot[] {
  const boxes = new Map<string, { name: string; box: [number, number, number, number] }>()
  for (const { properties: { code, name }, geometry } of pieces) {
    if (!code || !name || !geometry.coordinates) continue
    const known = boxes.get(code) ?? { name, box: [Infinity, Infinity, -Infinity, -Infinity] }
    boxes.set(code, known)
    widen(known.box, geometry.coordinates)
  }
  return [...boxes].map(([code, { name, box }]) => ({ code, name, at: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] }))
}

/** Grows a box (west, south, east, north) over coordinates nested to any depth. */
export function widen(box: [number, number, number, number], coordinates: unknown): void {
  if (!Array.isArray(coordinates)) return
  const [lon, lat] = coordinates
  if (typeof lon !== 'number' || typeof lat !== 'number') {
    coordinates.forEach((inner) => widen(box, inner))
    return
  }
  box[0] = Math.min(box[0], lon)
  box[1] = Math.min(box[1], lat)
  box[2] = Math.max(box[2], lon)
  box[3] = Math.max(box[3], lat)
}
