/** Lets somebody draw a polygon on the map: a click is a corner, Enter or a double click closes it, Escape gives up. */
import type { GeoJSONSource, Map as MapView, MapMouseEvent } from 'maplibre-gl'
import type { Polygon } from './circle'

type Corner = Polygon['coordinates'][number][number]
type Data = Parameters<GeoJSONSource['setData']>[0]

const CORNERS = 3

function collection(geometries: readonly unknown[]): Data {
  return { type: 'FeatureCollection', features: geometries.map((geometry) => ({ type: 'Feature', properties: {}, geometry })) } as Data
}

/** What is drawn so far: its corners, and the line or the polygon that they make. */
export function outline(corners: readonly Corner[]): Data {
  const points = corners.map((coordinates) => ({ type: 'Point', coordinates }))
  if (corners.length >= CORNERS) return collection([{ type: 'Polygon', coordinates: [[...corners, corners[0]]] }, ...points])
  return collection(corners.length > 1 ? [{ type: 'LineString', coordinates: corners }, ...points] : points)
}

/** A shape and a place, where there are any. */
export function shown(shape: Polygon | null, place: Corner | null): Data {
  return collection([...(shape ? [shape] : []), ...(place ? [{ type: 'Point', coordinates: place }] : [])])
}

/** The polygon that was drawn, or null if somebody gave up. `stop` gives up as well. */
export function sketch(map: MapView, show: (data: Data) => void): { drawn: Promise<Polygon | null>; stop: () => void } {
  const corners: Corner[] = []
  let stop = (): void => undefined
  const drawn = new Promise<Polygon | null>((resolve) => {
    function add(event: MapMouseEvent): void {
      corners.push([event.lngLat.lng, event.lngLat.lat])
      show(outline(corners))
    }
    function end(sketched: Polygon | null): void {
      map.off('click', add)
      map.off('dblclick', close)
      document.removeEventListener('keydown', onKey, true)
      map.doubleClickZoom.enable()
      map.getCanvas().style.cursor = ''
      resolve(sketched)
    }
    function close(event?: MapMouseEvent): void {
      event?.preventDefault()
      if (event) corners.pop() // the second of its two clicks
      if (corners.length >= CORNERS) end({ type: 'Polygon', coordinates: [[...corners, corners[0]!]] })
    }
    function onKey(event: KeyboardEvent): void {
      if (event.key !== 'Enter' && event.key !== 'Escape') return
      event.preventDefault()
      event.stopPropagation()
      if (event.key === 'Enter') close()
      else end(null)
    }
    stop = () => end(null)
    map.doubleClickZoom.disable()
    map.getCanvas().style.cursor = 'crosshair'
    map.on('click', add)
    map.on('dblclick', close)
    document.addEventListener('keydown', onKey, true)
  })
  return { drawn, stop: () => stop() }
}
