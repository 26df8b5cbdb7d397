/** The phone's map: the member's own grids from the phone's store, what was seen of them as tiles, and the way gone. */
import { Map as MapView, setWorkerUrl, type GeoJSONSource, type StyleSpecification } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import type { Fix } from './fixes'
import type { Checkpoint, Grid } from './told'

/**
 * Gets the map's worker ready. A worker's own address is asked past our service worker, which serves `/phone` only;
 * so the page fetches it, and hands on what it got.
 */
export async function prepareMap(): Promise<void> {
  const script = await (await fetch(workerUrl)).blob()
  setWorkerUrl(URL.createObjectURL(script))
}

const EMPTY = { type: 'FeatureCollection', features: [] } as const
const HAIXI: [number, number, number, number] = [90.2, 34.9, 99.7, 39.2]
const TILES = '/api/v1/tiles/coverage/{z}/{x}/{y}.mvt'
const FONT = ['PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', 'sans-serif']

type Ring = [number, number][]
type Data = Parameters<GeoJSONSource['setData']>[0]

const style = (): StyleSpecification => ({
  version: 8,
  sources: {
    coverage: { type: 'vector', tiles: [location.origin + TILES], minzoom: 7, maxzoom: 13 },
    grids: { type: 'geojson', data: EMPTY },
    names: { type: 'geojson', data: EMPTY },
    checkpoints: { type: 'geojson', data: EMPTY },
    help: { type: 'geojson', data: EMPTY },
    way: { type: 'geojson', data: EMPTY },
    here: { type: 'geojson', data: EMPTY },
  },
  layers: [
    { id: 'sheet', type: 'background', paint: { 'background-color': '#e6ecf0' } },
    { id: 'seen', type: 'fill', source: 'coverage', 'source-layer': 'coverage',
      paint: { 'fill-color': ['match', ['get', 'state'], 'seen', '#2b8fbd', 'partly', '#c7a53d', 'no_evidence', '#9d93cf', '#f0a06b'], 'fill-opacity': 0.45 } },
    { id: 'grid', type: 'line', source: 'grids', layout: { 'line-join': 'round' },
      paint: { 'line-color': '#07405d', 'line-width': ['case', ['get', 'is_mine'], 5, 2] } },
    { id: 'checkpoint', type: 'circle', source: 'checkpoints', minzoom: 12,
      paint: { 'circle-radius': 6, 'circle-color': '#fff', 'circle-stroke-color': '#17633a', 'circle-stroke-width': 4 } },
    { id: 'checkpoint-name', type: 'symbol', source: 'checkpoints', minzoom: 15,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 13, 'text-anchor': 'top', 'text-offset': [0, 0.8] },
      paint: { 'text-color': '#17633a', 'text-halo-color': '#fff', 'text-halo-width': 2 } },
    { id: 'name', type: 'symbol', source: 'names', layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 15 },
      paint: { 'text-color': '#0d1b26', 'text-halo-color': '#fff', 'text-halo-width': 2 } },
    { id: 'way', type: 'line', source: 'way', layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': '#c2410c', 'line-width': 5 } },
    { id: 'here', type: 'circle', source: 'here', paint: { 'circle-radius': 9, 'circle-color': '#c2410c', 'circle-stroke-color': '#fff', 'circle-stroke-width': 3 } },
    { id: 'help', type: 'circle', source: 'help', paint: { 'circle-radius': 14, 'circle-color': '#a61b1b', 'circle-stroke-color': '#fff', 'circle-stroke-width': 4 } },
  ],
})

function ringsOf({ outline: { type, coordinates } }: Grid): Ring[] {
  return type === 'Polygon' ? coordinates as Ring[] : (coordinates as Ring[][]).flat()
}

function boundsOf(shapes: Grid[]): [number, number, number, number] | null {
  const places = shapes.flatMap(ringsOf).flat()
  if (!places.length) return null
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [lon, lat] of places) {
    box[0] = Math.min(box[0], lon)
    box[1] = Math.min(box[1], lat)
    box[2] = Math.max(box[2], lon)
    box[3] = Math.max(box[3], lat)
  }
  return box
}

/** The grid that a place lies in: a line eastwards crosses its rings an odd number of times. */
export function gridAt(shapes: Grid[], lon: number, lat: number): Grid | null {
  const isIn = (rings: Ring[]): boolean => rings.reduce((odd, ring) => ring.reduce((inside, [x, y], i) => {
    const [px, py] = ring[(i || ring.length) - 1]!
    return (y > lat) !== (py > lat) && lon < (px - x) * (lat - y) / (py - y) + x ? !inside : inside
  }, odd), false)
  return shapes.find((shape) => isIn(ringsOf(shape))) ?? null
}

const point = (at: [number, number], properties = {}) => ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: at } })

export type GridMap = ReturnType<typeof gridMap>

export function gridMap(container: HTMLElement, token: () => string | null) {
  const map = new MapView({
    container, style: style(), bounds: HAIXI, maxZoom: 18, attributionControl: false, dragRotate: false, pitchWithRotate: false,
    transformRequest: (url) => url.includes('/api/v1/tiles/') && token() ? { url, headers: { Authorization: `Bearer ${token()}` } } : { url },
  })
  map.touchZoomRotate.disableRotation()
  map.on('error', () => undefined) // without a network the kept grids are shown, and no tiles
  const ready = new Promise<void>((resolve) => { map.once('style.load', () => resolve()) })

  async function feed(source: string, features: unknown[]): Promise<void> {
    await ready
    void map.getSource<GeoJSONSource>(source)?.setData({ type: 'FeatureCollection', features } as Data)
  }

  function fit(shapes: Grid[]): void {
    const bounds = boundsOf(shapes)
    if (bounds) map.fitBounds(bounds, { padding: { top: 40, left: 30, right: 30, bottom: 200 }, maxZoom: 16, duration: 0 })
  }

  return {
    fit,
    fly: (centre: [number, number]): void => { map.easeTo({ center: centre, zoom: Math.max(map.getZoom(), 15) }) },
    /** The grids of one's teams; those of today's shifts stand out. */
    async showGrids(shapes: Grid[], mine: ReadonlySet<string>): Promise<void> {
      const named = shapes.map((shape) => {
        const [west, south, east, north] = boundsOf([shape])!
        return point([(west + east) / 2, (south + north) / 2], { name: shape.name })
      })
      await Promise.all([
        feed('grids', shapes.map(({ code, outline }) => ({ type: 'Feature', properties: { is_mine: mine.has(code) }, geometry: outline }))),
        feed('names', named),
      ])
    },
    showCheckpoints: (marks: Checkpoint[]): Promise<void> => feed('checkpoints', marks.map(({ lon, lat, name }) => point([lon, lat], { name }))),
    showHelp: (place: { lon: number; lat: number } | null): Promise<void> => feed('help', place ? [point([place.lon, place.lat])] : []),
    async showWay(here: Fix | null, trail: [number, number][]): Promise<void> {
      await feed('here', here ? [point([here.lon, here.lat])] : [])
      await feed('way', trail.length > 1 ? [{ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: trail } }] : [])
    },
    remove: () => map.remove(),
  }
}
