/** The map's own style: a dark sheet, a net of degrees, grids as the figure. No foreign tiles, no glyph server. */
import type {
  ExpressionSpecification, FillLayerSpecification, LayerSpecification, LineLayerSpecification, StyleSpecification,
  SymbolLayerSpecification,
} from 'maplibre-gl'
import { HATCH } from './drawings'
import { over, points, sources, under } from './layers'
import { BADGE, CANVAS, LATE, OUTSIDE, PLACE_TEXT, QUIET_TEXT, RULE, RULE_TEXT, SELECTED, STATE_COLOUR } from './palette'
import type { State } from '../types'

// Without a glyph URL the map draws its letters from these fonts of the machine.
const FONT = ['Segoe UI', 'Helvetica Neue', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', 'sans-serif']
/**
 * Pastoral grids are wide enough to be drawn long before those of a town; until those are, rings stand for townships.
 */
export const GRIDS_APPEAR = 8.6
const RINGS_FADE = 10.6
export const RINGS_GONE = 11.6
export const GRID_NAMES = 14.6
// A tile of this zoom still tells a metre from the next; closer tiles would only be more requests.
const TILES_TO = 13
const EMPTY = { type: 'FeatureCollection', features: [] } as const

export type StateValues = Record<State, number>

function byState(values: Record<State, string | number>): ExpressionSpecification {
  return ['match', ['get', 'state'],
    'seen', values.seen, 'partly', values.partly, 'no_evidence', values.no_evidence, values.unseen]
}

function appearing(at: ExpressionSpecification | number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], GRIDS_APPEAR - 1, 0, GRIDS_APPEAR + 0.4, at]
}

function vanishing(full: ExpressionSpecification | number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], RINGS_FADE, full, RINGS_GONE, 0]
}

// Far off, on a phone, every township still has room; close by, a ring is read from across the room.
const RING_SIZES: readonly [zoom: number, size: number][] = [[4.2, 0.66], [6, 1], [9, 1.3]]

export function ringSize(zoom: number): number {
  const [first, last] = [RING_SIZES[0]!, RING_SIZES[RING_SIZES.length - 1]!]
  if (zoom <= first[0]) return first[1]
  const above = RING_SIZES.findIndex(([at]) => at > zoom)
  if (above < 0) return last[1]
  const [[z0, s0], [z1, s1]] = [RING_SIZES[above - 1]!, RING_SIZES[above]!]
  return s0 + ((zoom - z0) / (z1 - z0)) * (s1 - s0)
}

function ringSized(base: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], ...RING_SIZES.flatMap(([zoom, size]) => [zoom, size * base])] as ExpressionSpecification
}

/** Seen is full, unseen is hollow: the difference does not rest on colour alone. */
const FILL: StateValues = { seen: 0.56, partly: 0.34, unseen: 0.1, no_evidence: 0 }
const FILL_EMPHASIS: StateValues = { seen: 0.08, partly: 0.08, unseen: 0.72, no_evidence: 0 }
const EDGE: StateValues = { seen: 0.95, partly: 0.9, unseen: 0.85, no_evidence: 0 }
const EDGE_EMPHASIS: StateValues = { seen: 0.28, partly: 0.28, unseen: 1, no_evidence: 0 }

export interface Accent {
  /** Bring out the grids that nobody has seen. */
  emphasis: boolean
  /** Something else fills the grids. */
  hollow?: boolean
  /** The leading digits that grids of the chosen area share; the others step back. */
  prefix: string
}

/** What changes on the map with emphasis and with the chosen area. */
export function accentPaint({ emphasis, hollow, prefix }: Accent): [layer: string, property: string, value: unknown][] {
  const inside: ExpressionSpecification = ['==', ['slice', ['coalesce', ['get', 'code'], ['get', 'grid']], 0, prefix.length], prefix]
  const within = (full: ExpressionSpecification | number): ExpressionSpecification =>
    appearing(['*', full, ['case', inside, 1, OUTSIDE]])
  return [
    ['grid-fill', 'fill-opacity', hollow ? 0 : within(byState(emphasis ? FILL_EMPHASIS : FILL))],
    ['grid-edge', 'line-opacity', within(byState(emphasis ? EDGE_EMPHASIS : EDGE))],
    ['grid-hatch', 'fill-opacity', hollow ? 0 : within(emphasis ? 0.22 : 0.75)],
    ['grid-hatch-edge', 'line-opacity', within(emphasis ? 0.28 : 0.95)],
    ['gap-fill', 'fill-opacity', within(0.6)],
    ['gap-edge', 'line-opacity', within(0.95)],
    ['hole-fill', 'fill-opacity', within(0.8)],
    ['hole-edge', 'line-opacity', within(0.95)],
    ['density-fill', 'fill-opacity', within(0.86)],
  ]
}

const EDGE_WIDTH: ExpressionSpecification = ['interpolate', ['exponential', 1.5], ['zoom'], 8, 0.4, 11, 0.7, 14, 1.4, 17, 2.6]

const fills: FillLayerSpecification[] = [
  { id: 'grid-fill', type: 'fill', source: 'coverage', 'source-layer': 'coverage',
    paint: { 'fill-color': byState(STATE_COLOUR), 'fill-opacity': appearing(byState(FILL)), 'fill-antialias': false } },
  { id: 'grid-hatch', type: 'fill', source: 'coverage', 'source-layer': 'coverage',
    filter: ['==', ['get', 'state'], 'no_evidence'],
    paint: { 'fill-pattern': HATCH, 'fill-opacity': appearing(0.75) } },
]

function outline(id: string, paint: LineLayerSpecification['paint'], filter?: ExpressionSpecification): LineLayerSpecification {
  return { id, type: 'line', source: 'coverage', 'source-layer': 'coverage',
    layout: { 'line-join': 'round' }, paint, ...(filter && { filter }) }
}

const NONE: ExpressionSpecification = ['==', ['get', 'code'], '']
const edges: LineLayerSpecification[] = [
  outline('grid-edge', { 'line-color': byState(STATE_COLOUR), 'line-opacity': appearing(byState(EDGE)), 'line-width': EDGE_WIDTH }),
  outline('grid-hatch-edge',
    { 'line-color': STATE_COLOUR.no_evidence, 'line-opacity': appearing(0.95), 'line-width': EDGE_WIDTH, 'line-dasharray': [2, 1.5] },
    ['==', ['get', 'state'], 'no_evidence']),
  outline('grid-hover', { 'line-color': SELECTED, 'line-opacity': 0.75, 'line-width': 1.6 }, NONE),
  outline('grid-chosen-casing', { 'line-color': CANVAS, 'line-width': 7 }, NONE),
  outline('grid-chosen', { 'line-color': SELECTED, 'line-width': 3 }, NONE),
]

/** What somebody draws on the map, or is shown of it. */
const drawing: LayerSpecification[] = [
  { id: 'drawn-fill', type: 'fill', source: 'drawn', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': LATE, 'fill-opacity': 0.18 } },
  { id: 'drawn-edge', type: 'line', source: 'drawn', paint: { 'line-color': LATE, 'line-width': 2.4, 'line-dasharray': [2, 1] } },
  { id: 'drawn-corner', type: 'circle', source: 'drawn', filter: ['==', ['geometry-type'], 'Point'],
    paint: { 'circle-radius': 5, 'circle-color': SELECTED, 'circle-stroke-color': LATE, 'circle-stroke-width': 3 } },
]

const halo = { 'text-halo-color': CANVAS, 'text-halo-width': 1.4 } as const

function symbol(id: string, source: string, layout: SymbolLayerSpecification['layout'], paint: SymbolLayerSpecification['paint']): SymbolLayerSpecification {
  return { id, type: 'symbol', source, layout: { 'text-font': FONT, ...layout }, paint: { ...halo, ...paint } }
}

function labels(scale: number): LayerSpecification[] {
  const within = (full: number): ExpressionSpecification => ['case', ['get', 'within'], full, OUTSIDE]
  const size = (base: number): number => base * scale
  return [
    { ...symbol('grid-name', 'grid-names',
      { 'text-field': ['get', 'name'], 'text-size': size(11), 'text-max-width': 8, 'text-padding': 4 },
      { 'text-color': '#dfe8ef', 'text-opacity': ['interpolate', ['linear'], ['zoom'], GRID_NAMES, 0, GRID_NAMES + 0.4, 1] }),
    minzoom: GRID_NAMES },
    { ...symbol('community-name', 'communities',
      { 'text-field': ['get', 'name'], 'text-size': size(11), 'text-max-width': 9, 'text-padding': 8 },
      { 'text-color': PLACE_TEXT, 'text-opacity': ['interpolate', ['linear'], ['zoom'], 12.1, 0, 12.4, 1, GRID_NAMES - 0.1, 1, GRID_NAMES, 0] }),
    minzoom: 12.1, maxzoom: GRID_NAMES },
    { ...symbol('township-name', 'townships',
      { 'text-field': ['get', 'name'], 'text-size': size(13), 'text-letter-spacing': 0.08, 'text-padding': 12,
        'text-variable-anchor': ['bottom', 'top'], 'text-radial-offset': 1.5 },
      { 'text-color': PLACE_TEXT, 'text-opacity': ['interpolate', ['linear'], ['zoom'], RINGS_GONE - 0.4, 0, RINGS_GONE + 0.2, 1] }),
    minzoom: RINGS_GONE - 0.4, maxzoom: 14.6 },
    { id: 'township-leader', type: 'line', source: 'leaders', maxzoom: RINGS_GONE,
      paint: { 'line-color': QUIET_TEXT, 'line-width': 1, 'line-opacity': vanishing(0.6) } },
    { id: 'township-dot', type: 'circle', source: 'townships', maxzoom: RINGS_GONE,
      paint: { 'circle-radius': 2.4 * scale, 'circle-color': ['get', 'colour'], 'circle-opacity': vanishing(within(1)),
        'circle-stroke-width': 1, 'circle-stroke-color': CANVAS, 'circle-stroke-opacity': vanishing(1) } },
    { ...symbol('ring-name', 'rings',
      { 'text-field': ['format', ['get', 'name'], {}, ['get', 'badge'], { 'text-color': BADGE }], 'text-size': size(12), 'text-max-width': 20, 'text-padding': 1,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': ringSized(2.05),
        'symbol-sort-key': ['case', ['get', 'within'], ['get', 'share_seen'], 2] },
      { 'text-color': PLACE_TEXT, 'text-opacity': vanishing(within(1)) }),
    maxzoom: RINGS_GONE },
    // The map gives room to the topmost layer first, so that no name is written across a ring.
    { ...symbol('township-ring', 'rings',
      { 'icon-image': ['get', 'ring'], 'icon-size': ringSized(1), 'icon-allow-overlap': true, 'icon-padding': 0 },
      { 'icon-opacity': vanishing(1) }),
    maxzoom: RINGS_GONE },
  ]
}

export function mapStyle(tiles: string, scale: number, overlay: (layer: string) => string = () => tiles): StyleSpecification {
  return {
    version: 8,
    transition: { duration: 220, delay: 0 },
    sources: {
      graticule: { type: 'geojson', data: EMPTY },
      coverage: { type: 'vector', tiles: [tiles], minzoom: 7, maxzoom: TILES_TO },
      townships: { type: 'geojson', data: EMPTY },
      communities: { type: 'geojson', data: EMPTY },
      rings: { type: 'geojson', data: EMPTY },
      leaders: { type: 'geojson', data: EMPTY },
      'grid-names': { type: 'geojson', data: EMPTY },
      drawn: { type: 'geojson', data: EMPTY },
      ...sources(overlay),
    },
    layers: [
      { id: 'sheet', type: 'background', paint: { 'background-color': CANVAS } },
      { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': RULE, 'line-width': 1 } },
      symbol('graticule-degrees', 'graticule',
        { 'symbol-placement': 'line', 'symbol-spacing': 420, 'text-field': ['get', 'label'], 'text-size': 10 * scale,
          'text-letter-spacing': 0.06 },
        { 'text-color': RULE_TEXT, 'text-halo-width': 3, 'text-opacity': ['interpolate', ['linear'], ['zoom'], 11, 1, 13, 0.55] }),
      ...fills, ...under, ...edges, ...over, ...labels(scale), ...points, ...drawing,
    ],
  }
}
