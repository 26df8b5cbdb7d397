/** The map of who has which grids: told what to show, tells what was pressed. */
import { Map as MapView, ScaleControl, setWorkerUrl, type GeoJSONSource, type StyleSpecification } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import '../shared/map/map.css'
import { HATCH, drawHatch } from '../shared/map/drawings'
import { points, widen, type Spot } from '../shared/map/features'
import { graticule } from '../shared/map/graticule'
import { CANVAS, PLACE_TEXT, RULE, SELECTED } from '../shared/map/palette'
import { OPEN, PLAIN } from './colours'
import type { GridFeature } from './server'

setWorkerUrl(workerUrl)

const FONT = ['Segoe UI', 'Helvetica Neue', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', 'sans-serif']
const EMPTY = { type: 'FeatureCollection', features: [] } as const
const HAIXI: Box = [90.2, 34.9, 99.7, 39.2]
const CLOSEST_FIT = 15.5

export type Box = [west: number, south: number, east: number, north: number]
type Data = Parameters<GeoJSONSource['setData']>[0]

/** How a grid looks. */
export interface Look {
  colour: string | null
  open: boolean
  chosen: boolean
}

const is = (name: string, then: number, otherwise: number) =>
  ['case', ['boolean', ['feature-state', name], false], then, otherwise] as unknown as number

const byZoom = (far: number, near: number) => ['interpolate', ['linear'], ['zoom'], 9, far, 14, near] as unknown as number

const style = (scale: number): StyleSpecification => ({
  version: 8,
  sources: {
    net: { type: 'geojson', data: EMPTY },
    grids: { type: 'geojson', data: EMPTY, promoteId: 'code' },
    names: { type: 'geojson', data: EMPTY },
  },
  layers: [
    { id: 'sheet', type: 'background', paint: { 'background-color': CANVAS } },
    { id: 'net', type: 'line', source: 'net', paint: { 'line-color': RULE, 'line-width': 1 } },
    { id: 'fill', type: 'fill', source: 'grids', paint: {
      'fill-color': ['coalesce', ['feature-state', 'colour'], PLAIN] as unknown as string,
      'fill-opacity': ['case', ['boolean', ['feature-state', 'chosen'], false], 0.62, ['boolean', ['feature-state', 'held'], false], 0.34, 0.08] as unknown as number,
    } },
    { id: 'open', type: 'fill', source: 'grids', paint: { 'fill-pattern': HATCH, 'fill-opacity': is('open', 0.85, 0) } },
    { id: 'edge', type: 'line', source: 'grids', layout: { 'line-join': 'round' }, paint: {
      'line-color': ['coalesce', ['feature-state', 'colour'], PLAIN] as unknown as string, 'line-opacity': 0.9, 'line-width': byZoom(0.4, 1.2),
    } },
    { id: 'open-edge', type: 'line', source: 'grids', layout: { 'line-join': 'round' }, paint: {
      'line-color': OPEN, 'line-opacity': is('open', 1, 0), 'line-width': byZoom(0.5, 1.8),
    } },
    { id: 'hover', type: 'line', source: 'grids', layout: { 'line-join': 'round' }, paint: {
      'line-color': SELECTED, 'line-opacity': is('hover', 0.8, 0), 'line-width': 2,
    } },
    { id: 'chosen', type: 'line', source: 'grids', layout: { 'line-join': 'round' }, paint: {
      'line-color': SELECTED, 'line-opacity': is('chosen', 1, 0), 'line-width': 3,
    } },
    { id: 'names', type: 'symbol', source: 'names', minzoom: 12.6,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12 * scale, 'text-max-width': 7, 'text-padding': 3 },
      paint: { 'text-color': PLACE_TEXT, 'text-halo-color': CANVAS, 'text-halo-width': 1.5 } },
  ],
})

function boxOf({ geometry }: GridFeature): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity]
  widen(box, geometry.coordinates)
  return box
}

/** The number of a grid is enough beside its neighbours; a name of its own stays whole. */
function shortName(name: string): string {
  return /第?\d+网格$/.exec(name)?.[0] ?? name
}

function spotOf(grid: GridFeature): Spot {
  const [west, south, east, north] = boxOf(grid)
  return { code: grid.properties.code, name: shortName(grid.properties.name), at: [(west + east) / 2, (south + north) / 2] }
}

export type DutyMap = ReturnType<typeof dutyMap>

export function dutyMap(container: HTMLElement, scale: number, pressed: (code: string) => void) {
  const map = new MapView({
    container, style: style(scale), bounds: HAIXI, maxZoom: 18, minZoom: 3, attributionControl: false, dragRotate: false, pitchWithRotate: false,
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  map.addControl(new ScaleControl({ maxWidth: 110 }), 'bottom-right')
  map.setMissingStyleImageResolver((id) => {
    if (id !== HATCH) return
    const { data, pixelRatio } = drawHatch(OPEN)
    map.addImage(id, data, { pixelRatio })
  })
  const ready = new Promise<void>((resolve) => { map.once('load', () => resolve()) })
  let shapes: GridFeature[] = []
  let under: string | null = null
  let isUnseen = !container.clientWidth // a map without a size cannot fit anything

  function feed(source: string, data: unknown): void {
    void map.getSource<GeoJSONSource>(source)?.setData(data as Data)
  }

  function rule(): void {
    const view = map.getBounds()
    feed('net', graticule({ west: view.getWest(), south: view.getSouth(), east: view.getEast(), north: view.getNorth() }))
  }

  function fit(codes?: ReadonlySet<string>, smoothly = true): void {
    const box: Box = [Infinity, Infinity, -Infinity, -Infinity]
    for (const grid of shapes) if (!codes || codes.has(grid.properties.code)) widen(box, grid.geometry.coordinates)
    if (box[0] < box[2]) map.fitBounds(box, { padding: 36, maxZoom: CLOSEST_FIT, duration: smoothly ? 600 : 0 })
  }

  function mark(code: string | null): void {
    if (code === under) return
    if (under) map.setFeatureState({ source: 'grids', id: under }, { hover: false })
    if (code) map.setFeatureState({ source: 'grids', id: code }, { hover: true })
    under = code
  }

  function at(x: number, y: number): string | null {
    const hit = map.getLayer('fill') && map.queryRenderedFeatures([x, y], { layers: ['fill'] })[0]
    return hit ? String(hit.properties.code) : null
  }

  map.on('resize', () => {
    if (!isUnseen || !container.clientWidth) return
    isUnseen = false
    fit(undefined, false)
  })
  void ready.then(() => {
    rule()
    map.on('moveend', rule)
  })
  map.on('click', ({ point }) => {
    const code = at(point.x, point.y)
    if (code) pressed(code)
  })
  map.on('mousemove', ({ point }) => {
    const code = at(point.x, point.y)
    map.getCanvas().style.cursor = code ? 'pointer' : ''
    mark(code)
  })
  map.on('mouseout', () => mark(null))

  return {
    fit,
    async showGrids(next: GridFeature[]): Promise<void> {
      await ready
      map.removeFeatureState({ source: 'grids' })
      under = null
      shapes = next
      feed('grids', { type: 'FeatureCollection', features: next })
      feed('names', points(next.map(spotOf)))
      isUnseen = !container.clientWidth
      fit(undefined, false)
    },
    async paint(looks: ReadonlyMap<string, Look>): Promise<void> {
      await ready
      for (const [id, { colour, open, chosen }] of looks) {
        map.setFeatureState({ source: 'grids', id }, { colour, held: Boolean(colour), open, chosen })
      }
    },
    /** The grid under a place of the window, which it then marks; none outside of the map. */
    under(clientX: number, clientY: number): string | null {
      const { left, top, right, bottom } = container.getBoundingClientRect()
      const inside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom
      const code = inside ? at(clientX - left, clientY - top) : null
      mark(code)
      return code
    },
    zoomIn: () => map.zoomIn(),
    zoomOut: () => map.zoomOut(),
    remove: () => map.remove(),
  }
}
