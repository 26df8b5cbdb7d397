import { expect, test } from 'vitest'
import { circle } from './circle'

const RADIUS = 6_371_008.8
const rad = (degrees: number): number => (degrees * Math.PI) / 180

function metres([a, b]: [number, number], [c, d]: [number, number]): number {
  const h = Math.sin(rad(d - b) / 2) ** 2 + Math.cos(rad(b)) * Math.cos(rad(d)) * Math.sin(rad(c - a) / 2) ** 2
  return 2 * RADIUS * Math.asin(Math.sqrt(h))
}

test.each([500, 5000])('every corner of a circle of %i m is so far from its middle', (far) => {
  const [ring] = circle([97.37, 37.37], far).coordinates
  for (const corner of ring!) expect(metres([97.37, 37.37], corner)).toBeCloseTo(far, 3)
})

test('a circle is closed, and runs counterclockwise as GeoJSON wants it', () => {
  const [ring] = circle([97.37, 37.37], 1000).coordinates
  const area = ring!.slice(1).reduce((sum, [x, y], i) => sum + ring![i]![0] * y - x * ring![i]![1], 0)
  expect(ring![0]![0]).toBeCloseTo(ring![ring!.length - 1]![0], 12)
  expect(area).toBeGreaterThan(0)
})
