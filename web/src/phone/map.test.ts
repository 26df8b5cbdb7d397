import { expect, test, vi } from 'vitest'

vi.mock('maplibre-gl', () => ({ Map: class {}, setWorkerUrl: () => undefined }))
vi.mock('maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url', () => ({ default: '' }))
const { gridAt } = await import('./map')

const square = (west: number, name: string, hole: [number, number][][] = []) => ({
  outline: { type: 'Polygon', coordinates: [[[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]], ...hole] },
  code: name, name, basis: 'area',
})

test('a place lies in the grid around it', () => expect(gridAt([square(0, 'a'), square(1, 'b')], 1.5, 0.5)?.name).toBe('b'))
test('a place outside lies in none', () => expect(gridAt([square(0, 'a')], 2, 0.5)).toBe(null))
test('a hole is outside', () => {
  const hole: [number, number][] = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6], [0.4, 0.4]]
  expect(gridAt([square(0, 'a', [hole])], 0.5, 0.5)).toBe(null)
})
