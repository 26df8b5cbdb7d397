/** What the pointer touches on the map. */
import type { Map as MapView, MapMouseEvent } from 'maplibre-gl'
import { GRIDS_APPEAR } from './style'

export interface Hover { code: string; x: number; y: number }

export interface Listener {
  grid(code: string): void
  township(code: string): void
  matter(id: string): void
  hover(grid: Hover | null): void
  zoom(now: number): void
  failed(status: number): void
}

const TOUCHABLE = ['matter', 'township-ring', 'township-dot', 'grid-fill', 'grid-hatch']

function topmost(map: MapView, event: MapMouseEvent): { kind: 'township' | 'grid' | 'matter'; code: string } | null {
  const hit = map.queryRenderedFeatures(event.point, { layers: TOUCHABLE.filter((id) => map.getLayer(id)) })[0]
  if (!hit) return null
  if (hit.layer.id === 'matter') return { kind: 'matter', code: String(hit.properties.id) }
  const kind = hit.layer.id.startsWith('township') ? 'township' : 'grid'
  if (kind === 'grid' && map.getZoom() < GRIDS_APPEAR) return null
  return { kind, code: String(hit.properties.code) }
}

export function pointing(map: MapView, listener: Listener, isFree: () => boolean): void {
  map.on('click', (event) => {
    const hit = isFree() && topmost(map, event)
    if (hit) listener[hit.kind](hit.code)
  })
  map.on('mousemove', (event) => {
    if (!isFree()) return
    const hit = topmost(map, event)
    map.getCanvas().style.cursor = hit ? 'pointer' : ''
    listener.hover(hit?.kind === 'grid' ? { code: hit.code, x: event.point.x, y: event.point.y } : null)
  })
  map.on('mouseout', () => listener.hover(null))
}
