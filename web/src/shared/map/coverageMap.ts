/** The coverage map as an object: told what to show, tells what was clicked. */
import {
  Map as MapView, ScaleControl, setWorkerUrl,
  type FilterSpecification, type GeoJSONSource, type LngLatBoundsLike, type MapMouseEvent, type PaddingOptions, type VectorTileSource,
} from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { API, authorization } from '../api'
import type { Span } from '../time'
import { HATCH, drawHatch, drawRing, ringOf } from './drawings'
import { graticule } from './graticule'
import { GRIDS_APPEAR, emphasisPaint, mapStyle } from './style'

setWorkerUrl(workerUrl)

export interface Spot { code: string; name: string; at: [number, number]; ring?: string; colour?: string; share_seen?: number }
export interface Hover { code: string; x: number; y: number }
export interface Listener {
  grid(code: string): void
  township(code: string): void
  hover(grid: Hover | null): void
  failed(status: number): void
}

const HAIXI: [number, number, number, number] = [90.2, 34.9, 99.7, 39.2]
const CLOSEST_FIT = 15.2

function tilesUrl(span: Partial<Span>): string {
  const query = new URLSearchParams(span as Record<string, string>).toString()
  return `${location.origin}${API}/tiles/coverage/{z}/{x}/{y}.mvt${query && `?${query}`}`
}

function points(spots: Spot[]) {
  const features = spots.map(({ at, ...properties }) =>
    ({ type: 'Feature' as const, properties, geometry: { type: 'Point' as const, coordinates: at } }))
  return { type: 'FeatureCollection' as const, features }
}

export type CoverageMap = ReturnType<typeof coverageMap>

export function coverageMap(container: HTMLElement, span: Partial<Span>, scale: number, listener: Listener) {
  let tiles = tilesUrl(span)
  let emphasis = false
  const map = new MapView({
    container,
    style: mapStyle(tiles, scale),
    bounds: HAIXI,
    fitBoundsOptions: { padding: 40 },
    minZoom: 4,
    maxZoom: 18,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    transformRequest: (url) => (url.startsWith(location.origin + API) ? { url, headers: authorization() } : { url }),
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  map.addControl(new ScaleControl({ maxWidth: 120 * scale }), 'bottom-right')
  map.setMissingStyleImageResolver((id) => draw(map, id, scale))

  const ready = new Promise<void>((resolve) => { map.once('load', () => resolve()) })
  const source = <T>(id: string): T => map.getSource(id) as T
  const rule = (): void => {
    const view = map.getBounds()
    void source<GeoJSONSource>('graticule').setData(
      graticule({ west: view.getWest(), south: view.getSouth(), east: view.getEast(), north: view.getNorth() }))
  }
  void ready.then(() => { rule(); map.on('moveend', rule) })
  map.on('error', (event) => listener.failed((event.error as { status?: number }).status ?? 0))
  pointing(map, listener)

  async function paint(): Promise<void> {
    await ready
    for (const [layer, property, value] of emphasisPaint(emphasis)) map.setPaintProperty(layer, property as never, value as never)
  }
  async function only(code: string | null, layers: string[]): Promise<void> {
    await ready
    const filter: FilterSpecification = ['==', ['get', 'code'], code ?? '']
    for (const layer of layers) map.setFilter(layer, filter)
  }

  return {
    /** Shows another window, or the same one again with what has changed; the old tiles stay until then. */
    async show(next: Partial<Span>): Promise<void> {
      await ready
      const url = tilesUrl(next)
      if (url === tiles) {
        map.refreshTiles('coverage')
        return
      }
      tiles = url
      source<VectorTileSource>('coverage').setTiles([url])
    },
    async place(kind: 'townships' | 'communities', spots: Spot[]): Promise<void> {
      await ready
      void source<GeoJSONSource>(kind).setData(points(spots))
    },
    setEmphasis(on: boolean): void { emphasis = on; void paint() },
    choose: (code: string | null) => only(code, ['grid-chosen-casing', 'grid-chosen']),
    hover: (code: string | null) => only(code, ['grid-hover']),
    fit(bounds: LngLatBoundsLike, padding: PaddingOptions): void {
      map.fitBounds(bounds, { padding, maxZoom: CLOSEST_FIT, duration: 900 })
    },
    fly(centre: [number, number], zoom: number): void { map.flyTo({ center: centre, zoom, duration: 900 }) },
    shows(bounds: [number, number, number, number]): boolean {
      const view = map.getBounds()
      return map.getZoom() > GRIDS_APPEAR && view.contains([bounds[0], bounds[1]]) && view.contains([bounds[2], bounds[3]])
    },
    zoomIn: () => map.zoomIn(),
    zoomOut: () => map.zoomOut(),
    remove: () => map.remove(),
  }
}

function draw(map: MapView, id: string, scale: number): void {
  const ring = ringOf(id)
  const drawn = ring ? drawRing(ring, scale) : id === HATCH ? drawHatch() : null
  if (drawn) map.addImage(id, drawn.data, { pixelRatio: drawn.pixelRatio })
}

function pointing(map: MapView, listener: Listener): void {
  const topmost = (event: MapMouseEvent): { kind: 'township' | 'grid'; code: string } | null => {
    const layers = ['township-ring', 'township-dot', 'grid-fill', 'grid-hatch'].filter((id) => map.getLayer(id))
    const hit = map.queryRenderedFeatures(event.point, { layers })[0]
    if (!hit) return null
    const kind = hit.layer.id.startsWith('township') ? 'township' : 'grid'
    if (kind === 'grid' && map.getZoom() < GRIDS_APPEAR) return null
    return { kind, code: String(hit.properties.code) }
  }
  map.on('click', (event) => {
    const hit = topmost(event)
    if (hit) listener[hit.kind](hit.code)
  })
  map.on('mousemove', (event) => {
    const hit = topmost(event)
    map.getCanvas().style.cursor = hit ? 'pointer' : ''
    listener.hover(hit?.kind === 'grid' ? { code: hit.code, x: event.point.x, y: event.point.y } : null)
  })
  map.on('mouseout', () => listener.hover(null))
}
