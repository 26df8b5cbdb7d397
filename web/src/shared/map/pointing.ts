/** What the pointer touches on the map. */
import type { Map as MapView, MapMouseEvent } from 'maplibre-gl'
import { GRIDS_APPEAR } from './style'

export interface Hover { code: string; x: number; y: number }

export interface Listener {
  grid(code: string): void
  township(code: string): void
  hover(grid: Hover | null): void
  /** Whether townships stand for their grids at this zoom. */
  overview(on: boolean): void
  failed(status: number): void
}

const TOUCHABLE = ['township-ring', 'township-dot', 'grid-fill', 'grid-hatch']

function topmost(map: MapView, event: MapMouseEvent): { kind: 'township' | 'grid'; code: string } | null {
  const hit = map.queryRenderedFeatures(event.point, { layers: TOUCHABLE.filter((id) => map.getLayer(id)) })[0]
  if (!hit) return null
  const kind = hit.layer.id.startsWith('township') ? 'township' : 'grid'
  if (kind === 'grid' && map.getZoom() < GRIDS_APPEAR) return null
  return { kind, code: String(hit.properties.code) }
}

export function pointing(map: MapView, listener: Listener): void {
  map.on('click', (event) => {
    const hit = topmost(map, event)
    if (hit) listener[hit.kind](hit.code)
  })
  map.on('mousemove', (event) => {
    const hit = topmost(map, event)
    map.getCanvas().style.cursor = hit ? 'pointer' : ''
    listener.hover(hit?.kind === 'grid' ? { code: hit.code, x: event.point.x, y: event.point.y } : null)
  })
  map.on('mouseout', () => listener.hover(null))
}
