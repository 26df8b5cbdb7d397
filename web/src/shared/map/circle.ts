/** A circle of ground as a polygon. */
const ROUND = 64 // corners
const EARTH = 6_371_008.8 // m

export interface Polygon { type: 'Polygon'; coordinates: [lon: number, lat: number][][] }

/** A circle of so many metres around a place (destination points on a sphere), closed, counterclockwise. */
export function circle([lon, lat]: [number, number], metres: number): Polygon {
  const [phi, far] = [(lat * Math.PI) / 180, metres / EARTH]
  const corner = (i: number): [number, number] => {
    const turn = (-2 * Math.PI * (i % ROUND)) / ROUND
    const north = Math.asin(Math.sin(phi) * Math.cos(far) + Math.cos(phi) * Math.sin(far) * Math.cos(turn))
    const east = Math.atan2(Math.sin(turn) * Math.sin(far) * Math.cos(phi), Math.cos(far) - Math.sin(phi) * Math.sin(north))
    return [lon + (east * 180) / Math.PI, (north * 180) / Math.PI]
  }
  return { type: 'Polygon', coordinates: [Array.from({ length: ROUND + 1 }, (_, i) => corner(i))] }
}
