/** The coverage map as an object: told what to show, tells what was clicked. */
import {
  Map as MapView, ScaleControl, setWorkerUrl,
  type FilterSpecification, type GeoJSONSource, type LngLatBoundsLike, type VectorTileSource,
} from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import './map.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { API } from '../api'
import type { Span } from '../time'
import type { Polygon } from './circle'
import { DIAMETER, drawRing, hatchOf, ringOf } from './drawings'
import { leaders, namesOf, points, type Spot, type TownshipSpot } from './features'
import { graticule } from './graticule'
import { LAYERS, MATTER_CHOSEN, OVERDUE_EDGE, TILES, drawnBy, type LayerName, type Tiled } from './layers'
import { pointing, type Listener } from './pointing'
import { shown, sketch } from './sketch'
import { spread } from './spread'
import { GRID_NAMES, RINGS_GONE, accentPaint, mapStyle, ringSize, type Accent } from './style'

setWorkerUrl(workerUrl)

const HAIXI: [number, number, number, number] = [90.2, 34.9, 99.7, 39.2]
const CLOSEST_FIT = 15.2
const LOOKED_AT = 40 // pixels
const FLIGHT = 900 // ms
const HOUR = 3_600_000 // ms
const RINGS_APART = DIAMETER + 2

export type Padding = Record<'top' | 'bottom' | 'left' | 'right', number>
type Data = Parameters<GeoJSONSource['setData']>[0]

function tilesUrl(layer: string, span: Partial<Span> = {}): string {
  const query = new URLSearchParams(span as Record<string, string>).toString()
  return `${location.origin}${API}/tiles/${layer}/{z}/{x}/{y}.mvt${query && `?${query}`}`
}

function newMap(container: HTMLElement, span: Partial<Span>, scale: number): MapView {
  const map = new MapView({
    container,
    style: mapStyle(tilesUrl('coverage', span), scale, tilesUrl),
    bounds: HAIXI,
    fitBoundsOptions: { padding: 40 },
    minZoom: 3,
    maxZoom: 18,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  map.addControl(new ScaleControl({ maxWidth: 120 * scale }), 'bottom-right')
  map.setMissingStyleImageResolver((id) => draw(map, id, scale))
  return map
}

function draw(map: MapView, id: string, scale: number): void {
  const ring = ringOf(id)
  const drawn = ring ? drawRing(ring, scale) : hatchOf(id)
  if (drawn) map.addImage(id, drawn.data, { pixelRatio: drawn.pixelRatio })
}

export type CoverageMap = ReturnType<typeof coverageMap>

export function coverageMap(container: HTMLElement, span: Partial<Span>, scale: number, listener: Listener) {
  const urls = new Map<string, string>([['coverage', tilesUrl('coverage', span)]])
  let giveUp: (() => void) | null = null
  let townships: TownshipSpot[] = []
  let laidFor = NaN
  const map = newMap(container, span, scale)
  const ready = new Promise<void>((resolve) => { map.once('load', () => resolve()) })

  function feed(source: string, data: unknown): void {
    void map.getSource<GeoJSONSource>(source)?.setData(data as Data)
  }

  function rule(): void {
    const view = map.getBounds()
    feed('graticule', graticule({ west: view.getWest(), south: view.getSouth(), east: view.getEast(), north: view.getNorth() }))
  }

  /** Rings are laid anew at every quarter of a zoom level: between them they only drift apart. */
  function layRings(again = false): void {
    const zoom = Math.floor(map.getZoom() * 4) / 4
    if (!again && (zoom === laidFor || map.getZoom() > RINGS_GONE)) return
    laidFor = zoom
    const places = spread(townships.map(({ at }) => at), zoom, RINGS_APART * scale * ringSize(zoom + 0.25))
    feed('rings', points(townships.map((spot, i) => ({ ...spot, at: places[i]! }))))
    feed('leaders', leaders(townships.map(({ at }, i) => [at, places[i]!])))
  }

  function nameGrids(): void {
    if (map.getZoom() < GRID_NAMES) return
    feed('grid-names', points(namesOf(map.queryRenderedFeatures({ layers: ['grid-fill'] }))))
  }

  async function only(code: string | null, layers: string[]): Promise<void> {
    await ready
    const filter: FilterSpecification = ['==', ['get', 'code'], code ?? '']
    for (const layer of layers) map.setFilter(layer, filter)
  }

  /** Shows tiles of another window, or the same ones again with what has changed; the old ones stay until then. */
  async function show(source: 'coverage' | Tiled, span: Partial<Span>): Promise<void> {
    await ready
    const url = tilesUrl(source === 'coverage' ? source : TILES[source], span)
    if (url === urls.get(source)) map.refreshTiles(source)
    else map.getSource<VectorTileSource>(source)?.setTiles([url])
    urls.set(source, url)
  }

  void ready.then(() => {
    rule()
    map.on('moveend', rule)
    map.on('moveend', nameGrids)
    map.on('sourcedata', (event) => { if (event.sourceId === 'coverage' && event.isSourceLoaded) nameGrids() })
    map.on('zoom', () => layRings())
  })
  map.on('zoom', () => listener.zoom(map.getZoom()))
  map.on('error', (event) => listener.failed((event.error as { status?: number }).status ?? 0))
  pointing(map, listener, () => giveUp === null)

  return {
    show,
    /** Shows the grids that nobody has all night. */
    async night(span: Span): Promise<void> {
      await show('holes', span)
      const whole = (Date.parse(span.to) - Date.parse(span.from)) / HOUR
      for (const id of drawnBy('holes')) map.setFilter(id, ['>=', ['get', 'hours'], whole])
    },
    /** Lays these over the coverage, and nothing else. */
    async lay(names: ReadonlySet<LayerName>): Promise<void> {
      await ready
      for (const name of LAYERS) {
        for (const id of drawnBy(name)) map.setLayoutProperty(id, 'visibility', names.has(name) ? 'visible' : 'none')
      }
    },
    async chooseMatter(id: string | null): Promise<void> {
      await ready
      map.setFilter(MATTER_CHOSEN, ['==', ['get', 'id'], id ?? ''])
    },
    async markOverdue(codes: readonly string[]): Promise<void> {
      await ready
      map.setFilter(OVERDUE_EDGE, ['in', ['get', 'code'], ['literal', [...codes]]])
    },
    /** Shows a shape and a place, or takes them away. */
    async outline(shape: Polygon | null, place: [number, number] | null): Promise<void> {
      await ready
      feed('drawn', shown(shape, place))
    },
    /** Lets somebody draw a polygon; null if they give up. */
    async sketch(): Promise<Polygon | null> {
      await ready
      giveUp?.()
      const { drawn, stop } = sketch(map, (data) => feed('drawn', data))
      giveUp = stop
      const shape = await drawn
      if (giveUp === stop) giveUp = null
      return shape
    },
    async placeTownships(spots: TownshipSpot[]): Promise<void> {
      townships = spots
      await ready
      feed('townships', points(spots))
      layRings(true)
    },
    async placeCommunities(spots: Spot[]): Promise<void> {
      await ready
      feed('communities', points(spots))
    },
    async accent(accent: Accent): Promise<void> {
      await ready
      for (const [layer, property, value] of accentPaint(accent)) map.setPaintProperty(layer, property as never, value as never)
    },
    choose: (code: string | null) => only(code, ['grid-chosen-casing', 'grid-chosen']),
    hover: (code: string | null) => only(code, ['grid-hover']),
    fit(bounds: LngLatBoundsLike, padding: Padding, flies: boolean): void {
      map.fitBounds(bounds, { padding, maxZoom: CLOSEST_FIT, duration: flies ? FLIGHT : 0 })
    },
    fly(centre: [number, number], zoom: number, flies: boolean): void {
      map.flyTo({ center: centre, zoom, duration: flies ? FLIGHT : 0 })
    },
    /** Whether a box of ground is in view, and big enough to be looked at, within the padding. */
    shows([west, south, east, north]: [number, number, number, number], padding: Padding, atLeast = LOOKED_AT): boolean {
      const [topLeft, bottomRight] = [map.project([west, north]), map.project([east, south])]
      return bottomRight.x - topLeft.x >= atLeast &&
        topLeft.x >= padding.left && bottomRight.x <= container.clientWidth - padding.right &&
        topLeft.y >= padding.top && bottomRight.y <= container.clientHeight - padding.bottom
    },
    /** The canvas as it has just been drawn; it is empty as soon as the browser has shown it. */
    async drawn(): Promise<HTMLCanvasElement> {
      await ready
      const frame = document.createElement('canvas')
      await new Promise<void>((resolve) => {
        map.once('render', () => {
          const { width, height } = map.getCanvas()
          Object.assign(frame, { width, height })
          frame.getContext('2d')!.drawImage(map.getCanvas(), 0, 0)
          resolve()
        })
        map.triggerRepaint()
      })
      return frame
    },
    zoomIn: () => map.zoomIn(),
    zoomOut: () => map.zoomOut(),
    remove: () => map.remove(),
  }
}
