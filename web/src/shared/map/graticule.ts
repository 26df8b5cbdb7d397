/** A net of meridians and parallels that gets finer as one comes closer. */

export interface Bounds { west: number; south: number; east: number; north: number }
interface Line {
  type: 'Feature'
  properties: { label: string }
  geometry: { type: 'LineString'; coordinates: [number, number][] }
}
export interface Lines { type: 'FeatureCollection'; features: Line[] }

const STEPS = [5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002] as const
const LINES_WANTED = 5

export function stepFor(width: number): number {
  return STEPS.find((step) => width / step >= LINES_WANTED) ?? STEPS[STEPS.length - 1]!
}

function degrees(value: number, step: number, letters: string): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))
  return `${Math.abs(value).toFixed(digits)}° ${value < 0 ? letters[1] : letters[0]}`
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.floor(from / step)
  const last = Math.ceil(to / step)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(6)))
}

function line(label: string, coordinates: [number, number][]): Line {
  return { type: 'Feature', properties: { label }, geometry: { type: 'LineString', coordinates } }
}

export function graticule({ west, south, east, north }: Bounds): Lines {
  const step = stepFor(east - west)
  const [low, high] = [Math.max(-85, south - step), Math.min(85, north + step)]
  const meridians = multiples(west, east, step).map((lon) => line(degrees(lon, step, 'EW'), [[lon, low], [lon, high]]))
  const parallels = multiples(south, north, step).map((lat) =>
    line(degrees(lat, step, 'NS'), [[west - step, lat], [east + step, lat]]))
  return { type: 'FeatureCollection', features: [...meridians, ...parallels] }
}
