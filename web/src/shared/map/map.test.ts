import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec'
import { expect, test } from 'vitest'
import { ringName, ringOf } from './drawings'
import { namesOf } from './features'
import { graticule, stepFor } from './graticule'
import { LAYERS, drawnBy } from './layers'
import { spread, type Position } from './spread'
import { outline } from './sketch'
import { accentPaint, mapStyle, ringSize } from './style'
import { STATE_COLOUR } from './palette'
import { STATES } from '../coverage'

const GOLMUD: Position = [94.9, 36.4]

function pixels(a: Position, b: Position, zoom: number): number {
  const size = 512 * 2 ** zoom
  const y = (lat: number): number => (Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)) * size
  return Math.hypot(((a[0] - b[0]) / 360) * size, y(a[1]) - y(b[1]))
}

test('marks on one spot are moved apart', () => {
  const places = spread(Array.from({ length: 9 }, () => GOLMUD), 6, 40)
  places.forEach((a, i) => places.slice(i + 1).forEach((b) => expect(pixels(a, b, 6)).toBeGreaterThan(38)))
})

test('a mark that covers nobody stays where it belongs', () => {
  const [a] = spread([GOLMUD, [97.4, 37.4]], 8, 40)
  expect(pixels(a!, GOLMUD, 8)).toBeLessThan(0.01)
})

test('the same marks are always laid the same way', () => {
  const marks: Position[] = [GOLMUD, GOLMUD, [94.91, 36.41]]
  expect(spread(marks, 6, 40)).toEqual(spread(marks, 6, 40))
})

test('a ring is read back from its name', () => {
  const ring = { seen: 0.64, noEvidence: 0.05, emphasis: true, chosen: false, dim: true }
  expect(ringOf(ringName(ring))).toEqual(ring)
  expect(ringOf('hatch')).toBeNull()
})

test('rings never shrink as one comes closer', () => {
  const sizes = [3, 4.2, 5, 6, 7.5, 9, 12].map(ringSize)
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
})

test('the net of degrees has a handful of meridians at any scale', () => {
  for (const width of [0.02, 0.3, 4, 12, 40]) {
    const lines = width / stepFor(width)
    expect(lines).toBeGreaterThanOrEqual(5)
    expect(lines).toBeLessThan(13)
  }
})

test('degrees carry as many digits as their step needs', () => {
  const labels = graticule({ west: 97.31, south: 37.31, east: 97.39, north: 37.35 }).features.map((line) => line.properties.label)
  expect(labels).toContain('97.34° E')
  expect(labels).toContain('37.32° N')
})

test('a grid that tiles cut in two is named once, in its middle', () => {
  const piece = (west: number) => ({
    properties: { code: '1', name: '第一网格' },
    geometry: { type: 'Polygon', coordinates: [[[west, 0], [west + 1, 0], [west + 1, 2], [west, 2], [west, 0]]] },
  })
  expect(namesOf([piece(0), piece(1)])).toEqual([{ code: '1', name: '第一网格', at: [1, 1] }])
})

test('the style is one that the map accepts, in every mood', () => {
  const style = mapStyle('http://127.0.0.1/{z}/{x}/{y}.mvt', 1)
  for (const emphasis of [false, true]) {
    for (const [id, property, value] of accentPaint({ emphasis, hollow: emphasis, prefix: '632802' })) {
      const layer = style.layers.find((each) => each.id === id)
      Object.assign((layer as { paint: Record<string, unknown> }).paint, { [property]: value })
    }
    expect(validateStyleMin(style).filter(({ message }) => !message.includes('glyphs'))).toEqual([])
  }
})

test('every state has a colour of its own, and no evidence never looks seen', () => {
  expect(new Set(STATES.map((state) => STATE_COLOUR[state])).size).toBe(STATES.length)
})

test('every layer with a switch is drawn by layers of the style', () => {
  const known = new Set(mapStyle('http://127.0.0.1/{z}/{x}/{y}.mvt', 1).layers.map(({ id }) => id))
  for (const name of LAYERS) expect(drawnBy(name).filter((id) => known.has(id)), name).not.toEqual([])
})

test('a sketch is its corners, then a line, then a polygon that is closed', () => {
  const shown = (corners: [number, number][]) => {
    const { features } = outline(corners) as { features: { geometry: { type: string; coordinates: number[][][] } }[] }
    return features.map(({ geometry }) => geometry.type)
  }
  expect(shown([[0, 0]])).toEqual(['Point'])
  expect(shown([[0, 0], [1, 0]])).toEqual(['LineString', 'Point', 'Point'])
  expect(shown([[0, 0], [1, 0], [1, 1]])[0]).toBe('Polygon')
})
