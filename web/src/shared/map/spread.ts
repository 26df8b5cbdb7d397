/** Moves marks apart that would cover each other, each as little as needed. */

export type Position = [lon: number, lat: number]

const ROUNDS = 120
const PULL_HOME = 0.02
const TILE = 512

interface Mark { x: number; y: number; homeX: number; homeY: number }

function toSheet([lon, lat]: Position, zoom: number): { x: number; y: number } {
  const size = TILE * 2 ** zoom
  const sine = Math.sin((lat * Math.PI) / 180)
  return { x: ((lon + 180) / 360) * size, y: (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size }
}

function fromSheet({ x, y }: { x: number; y: number }, zoom: number): Position {
  const size = TILE * 2 ** zoom
  const latitude = Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / size)))
  return [(x / size) * 360 - 180, (latitude * 180) / Math.PI]
}

function pushApart(a: Mark, b: Mark, apart: number): boolean {
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const distance = Math.hypot(dx, dy)
  if (distance >= apart) return false
  // Marks on the very same spot leave it in a fixed direction, so that the layout never jitters.
  const [ux, uy] = distance > 1e-6 ? [dx / distance, dy / distance] : [1, 0]
  const step = (apart - distance) / 2
  a.x -= ux * step
  a.y -= uy * step
  b.x += ux * step
  b.y += uy * step
  return true
}

function separate(marks: Mark[], apart: number): boolean {
  let moved = false
  marks.forEach((a, i) => marks.slice(i + 1).forEach((b) => { moved = pushApart(a, b, apart) || moved }))
  return moved
}

/** Where marks go at a zoom so that their middles are at least `apart` pixels from each other. */
export function spread(positions: readonly Position[], zoom: number, apart: number): Position[] {
  const marks = positions.map((position): Mark => {
    const { x, y } = toSheet(position, zoom)
    return { x, y, homeX: x, homeY: y }
  })
  for (let round = 0; round < ROUNDS && separate(marks, apart); round += 1) {
    if (round > ROUNDS / 2) continue
    for (const mark of marks) {
      mark.x += (mark.homeX - mark.x) * PULL_HOME
      mark.y += (mark.homeY - mark.y) * PULL_HOME
    }
  }
  return marks.map((mark) => fromSheet(mark, zoom))
}
