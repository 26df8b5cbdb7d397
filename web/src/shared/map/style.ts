/** The map's own style: a dark sheet, a net of degrees, grids as the figure. No foreign tiles, no glyph server. */
import type {
  ExpressionSpecification, FillLayerSpecification, LayerSpecification, LineLayerSpecification, StyleSpecification,
  SymbolLayerSpecification,
} from 'maplibre-gl'
import { HATCH } from './drawings'
import { CANVAS, PLACE_TEXT, QUIET_TEXT, RULE, RULE_TEXT, SELECTED, STATE_COLOUR } from './palette'
import type { State } from '../types'

// Without a glyph URL the map draws its letters from these fonts of the machine.
const FONT = ['Segoe UI', 'Helvetica Neue', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', 'sans-serif']
/** Below this zoom townships stand for their grids; above the next one the grids stand for themselves. */
export const GRIDS_APPEAR = 10.6
export const RINGS_GONE = 11.6
const EMPTY = { type: 'FeatureCollection', features: [] } as const

export type StateValues = Record<State, number>

function byState(values: Record<State, string | number>): ExpressionSpecification {
  return ['match', ['get', 'state'],
    'seen', values.seen, 'partly', values.partly, 'no_evidence', values.no_evidence, values.unseen]
}

function appearing(at: ExpressionSpecification | number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], GRIDS_APPEAR - 0.8, 0, GRIDS_APPEAR + 0.4, at]
}

function vanishing(full: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], GRIDS_APPEAR, full, RINGS_GONE, 0]
}

/** Seen is full, unseen is hollow: the difference does not rest on colour alone. */
const FILL: StateValues = { seen: 0.62, partly: 0.34, unseen: 0.09, no_evidence: 0 }
const FILL_EMPHASIS: StateValues = { seen: 0.08, partly: 0.08, unseen: 0.72, no_evidence: 0 }
const EDGE: StateValues = { seen: 0.95, partly: 0.9, unseen: 0.8, no_evidence: 0 }
const EDGE_EMPHASIS: StateValues = { seen: 0.28, partly: 0.28, unseen: 1, no_evidence: 0 }

/** What changes on the map when unseen grids are brought out. */
export function emphasisPaint(emphasis: boolean): [layer: string, property: string, value: unknown][] {
  return [
    ['grid-fill', 'fill-opacity', appearing(byState(emphasis ? FILL_EMPHASIS : FILL))],
    ['grid-edge', 'line-opacity', appearing(byState(emphasis ? EDGE_EMPHASIS : EDGE))],
    ['grid-hatch', 'fill-opacity', appearing(emphasis ? 0.22 : 0.75)],
    ['grid-hatch-edge', 'line-opacity', appearing(emphasis ? 0.28 : 0.95)],
  ]
}

const EDGE_WIDTH: ExpressionSpecification = ['interpolate', ['exponential', 1.5], ['zoom'], 11, 0.6, 14, 1.4, 17, 2.6]

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

const halo = { 'text-halo-color': CANVAS, 'text-halo-width': 1.4 } as const

function symbol(id: string, source: string, layout: SymbolLayerSpecification['layout'], paint: SymbolLayerSpecification['paint']): SymbolLayerSpecification {
  return { id, type: 'symbol', source, layout: { 'text-font': FONT, ...layout }, paint: { ...halo, ...paint } }
}

function labels(scale: number): LayerSpecification[] {
  const size = (base: number): number => base * scale
  return [
    { ...symbol('grid-name', 'coverage',
      { 'text-field': ['get', 'name'], 'text-size': size(11), 'text-max-width': 7, 'text-padding': 6 },
      { 'text-color': PLACE_TEXT, 'text-opacity': ['interpolate', ['linear'], ['zoom'], 14.4, 0, 15, 1] }),
    'source-layer': 'coverage', minzoom: 14.4 },
    { ...symbol('community-name', 'communities',
      { 'text-field': ['get', 'name'], 'text-size': size(11), 'text-max-width': 9, 'text-padding': 8 },
      { 'text-color': QUIET_TEXT, 'text-opacity': ['interpolate', ['linear'], ['zoom'], 12.6, 0, 13, 1, 14.6, 1, 15, 0] }),
    minzoom: 12.6, maxzoom: 15 },
    { ...symbol('township-name', 'townships',
      { 'text-field': ['get', 'name'], 'text-size': size(13), 'text-letter-spacing': 0.08, 'text-padding': 12,
        'text-variable-anchor': ['bottom', 'top'], 'text-radial-offset': 1.5 },
      { 'text-color': PLACE_TEXT, 'text-opacity': ['interpolate', ['linear'], ['zoom'], RINGS_GONE - 0.4, 0, RINGS_GONE + 0.2, 1] }),
    minzoom: RINGS_GONE - 0.4, maxzoom: 14.6 },
    { id: 'township-dot', type: 'circle', source: 'townships', maxzoom: RINGS_GONE,
      paint: { 'circle-radius': 3.2 * scale, 'circle-color': ['get', 'colour'], 'circle-opacity': vanishing(0.9),
        'circle-stroke-width': 1.2, 'circle-stroke-color': CANVAS, 'circle-stroke-opacity': vanishing(1) } },
    { ...symbol('township-ring', 'townships',
      { 'icon-image': ['get', 'ring'], 'icon-padding': 1, 'icon-allow-overlap': false,
        'text-field': ['get', 'name'], 'text-size': size(12), 'text-optional': true, 'text-max-width': 20,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.75, 'text-padding': 2,
        'symbol-sort-key': ['get', 'share_seen'] },
      { 'text-color': PLACE_TEXT, 'icon-opacity': vanishing(1), 'text-opacity': vanishing(1) }),
    maxzoom: RINGS_GONE },
  ]
}

export function mapStyle(tiles: string, scale: number): StyleSpecification {
  return {
    version: 8,
    transition: { duration: 220, delay: 0 },
    sources: {
      graticule: { type: 'geojson', data: EMPTY },
      coverage: { type: 'vector', tiles: [tiles], minzoom: 8, maxzoom: 15 },
      townships: { type: 'geojson', data: EMPTY },
      communities: { type: 'geojson', data: EMPTY },
    },
    layers: [
      { id: 'sheet', type: 'background', paint: { 'background-color': CANVAS } },
      { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': RULE, 'line-width': 1 } },
      symbol('graticule-degrees', 'graticule',
        { 'symbol-placement': 'line', 'symbol-spacing': 420, 'text-field': ['get', 'label'], 'text-size': 10 * scale,
          'text-letter-spacing': 0.06 },
        { 'text-color': RULE_TEXT, 'text-halo-width': 3 }),
      ...fills, ...edges, ...labels(scale),
    ],
  }
}
