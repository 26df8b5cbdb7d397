/** What can be laid over the coverage: each layer with its tiles, how it is drawn, and when its tiles are others. */
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, VectorSourceSpecification } from 'maplibre-gl'
import { GAP_HATCH, HOLE_HATCH } from './drawings'
import { CANVAS, DENSITY, HOLE, LATE, MATTER, SELECTED, STATE_COLOUR } from './palette'

export const LAYERS = ['gaps', 'overdue', 'holes', 'matters', 'checkpoints', 'density'] as const
export type LayerName = (typeof LAYERS)[number]
/** Where tiles come from that are not those of coverage; overdue grids are drawn from these. */
export const TILES = { gaps: 'gaps', holes: 'uncovered', matters: 'matters', checkpoints: 'checkpoints', density: 'density' } as const
export type Tiled = keyof typeof TILES
export const FROM_ZOOM: Partial<Record<LayerName, number>> = { gaps: 12, checkpoints: 11 }

const APPEAR = 8 // as grids do
const TILES_TO: Record<Tiled, number> = { gaps: 14, holes: 13, matters: 13, checkpoints: 13, density: 13 }
const WIDTH: ExpressionSpecification = ['interpolate', ['exponential', 1.5], ['zoom'], 8, 1, 11, 1.6, 14, 2.6, 17, 4]
const NONE: FilterSpecification = ['==', ['get', 'code'], '']
const isLate: ExpressionSpecification = ['==', ['get', 'is_overdue'], true]
const isUnsure: ExpressionSpecification = ['==', ['get', 'no_evidence'], true]
/** Slivers along what was walked are no place to send anybody. */
const isWide: ExpressionSpecification = ['>=', ['get', 'area_m2'], 250]
/** A matter that has climbed is drawn larger. */
const RANK: ExpressionSpecification = ['match', ['get', 'level'], 'grid', 4, 'community', 5, 'township', 6, 'county', 7, 8]

/** People-minutes on a hectare: from nothing to as much as a town square gets. */
const WALKED: ExpressionSpecification = ['interpolate', ['linear'], ['get', 'minutes_per_ha'],
  ...DENSITY.flatMap(([minutes, colour]) => [minutes, colour])] as ExpressionSpecification

function of(name: LayerName, source: string, layer: Record<string, unknown>): LayerSpecification {
  const layout = { ...(layer.layout as object), visibility: 'none' }
  return { source, 'source-layer': source === 'coverage' ? 'coverage' : TILES[name as Tiled], ...layer, layout, metadata: { name } } as never
}

/** Below the edges of grids. */
export const under: LayerSpecification[] = [
  of('density', 'density', { id: 'density-fill', type: 'fill', minzoom: APPEAR, paint: { 'fill-color': WALKED, 'fill-opacity': 0.86, 'fill-antialias': false } }),
  of('gaps', 'gaps', { id: 'gap-fill', type: 'fill', minzoom: 12, filter: ['all', isWide, ['!', isUnsure]], paint: { 'fill-pattern': GAP_HATCH } }),
  of('holes', 'holes', { id: 'hole-fill', type: 'fill', minzoom: APPEAR, paint: { 'fill-pattern': HOLE_HATCH, 'fill-opacity': 0.8 } }),
]

/** Above them. */
export const over: LayerSpecification[] = [
  of('gaps', 'gaps', { id: 'gap-edge', type: 'line', minzoom: 12, filter: isWide, layout: { 'line-join': 'round' },
    paint: { 'line-color': ['case', isUnsure, STATE_COLOUR.no_evidence, STATE_COLOUR.unseen], 'line-width': 1.2 } }),
  of('holes', 'holes', { id: 'hole-edge', type: 'line', minzoom: APPEAR, layout: { 'line-join': 'round' }, paint: { 'line-color': HOLE, 'line-width': WIDTH, 'line-dasharray': [3, 1.5] } }),
  of('overdue', 'coverage', { id: 'overdue-edge', type: 'line', minzoom: APPEAR, layout: { 'line-join': 'round' }, filter: NONE, paint: { 'line-color': LATE, 'line-width': WIDTH } }),
]

/** Above their names. */
export const points: LayerSpecification[] = [
  of('checkpoints', 'checkpoints', { id: 'checkpoint', type: 'circle', minzoom: 11,
    paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 1.6, 15, 4.5], 'circle-color': CANVAS, 'circle-stroke-width': 1.6, 'circle-stroke-color': SELECTED } }),
  of('matters', 'matters', { id: 'matter', type: 'circle', layout: { 'circle-sort-key': ['case', isLate, 1, 0] },
    paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 5, ['*', 0.6, RANK], 14, ['*', 1.5, RANK]],
      'circle-color': ['case', isLate, LATE, MATTER], 'circle-opacity': 0.92, 'circle-stroke-width': 1.4, 'circle-stroke-color': CANVAS } }),
  of('matters', 'matters', { id: 'matter-chosen', type: 'circle', filter: ['==', ['get', 'id'], ''],
    paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 5, 8, 14, 17], 'circle-opacity': 0, 'circle-stroke-width': 3, 'circle-stroke-color': SELECTED } }),
]

/** The layers of the map's style that a switch shows or hides. */
export function drawnBy(name: LayerName): string[] {
  return [...under, ...over, ...points].filter(({ metadata }) => (metadata as { name: LayerName }).name === name).map(({ id }) => id)
}

export const OVERDUE_EDGE = 'overdue-edge'
export const MATTER_CHOSEN = 'matter-chosen'

export function sources(url: (layer: string) => string): Record<string, VectorSourceSpecification> {
  return Object.fromEntries(Object.entries(TILES).map(([name, layer]) => {
    const minzoom = FROM_ZOOM[name as LayerName] ?? (name === 'matters' ? 5 : 7)
    return [name, { type: 'vector', tiles: [url(layer)], minzoom, maxzoom: TILES_TO[name as Tiled] }]
  }))
}
