/** What the page is looking at; kept in the address so that a wall display comes back to it. */
import { computed, reactive, watch } from 'vue'
import { LAYERS, type LayerName } from '../../shared/map/layers'
import { windowOf, type Span, type WindowName } from '../../shared/time'

const NAMES: readonly WindowName[] = ['1h', 'today', '24h', '7d', 'custom']

interface View {
  area: string | null
  grid: string | null
  /** The matter whose file is open. */
  matter: string | null
  /** The card that is open beside them; not kept in the address. */
  card: 'drills' | 'bulletins' | null
  layers: ReadonlySet<LayerName>
  window: WindowName
  custom: Span | undefined
  emphasis: boolean
  /** How many hours before now the window ends; 0 follows the clock. */
  back: number
  /** For a screen on the wall: large, and aggregates only. */
  wall: boolean
}

export const FURTHEST_BACK = 7 * 24 // hours

function hoursBack(text: string | null): number {
  const hours = Math.trunc(Number(text))
  return hours > 0 && hours <= FURTHEST_BACK ? hours : 0
}

function fromAddress(): View {
  const given = new URLSearchParams(location.hash.slice(1))
  const from = given.get('from')
  const to = given.get('to')
  const custom = from && to ? { from, to } : undefined
  const named = NAMES.find((name) => name === given.get('window')) ?? '24h'
  return {
    area: given.get('area'),
    grid: given.get('grid'),
    matter: given.get('matter'),
    card: null,
    layers: new Set(LAYERS.filter((name) => given.get('layers')?.split(',').includes(name))),
    window: named === 'custom' && !custom ? '24h' : named,
    custom,
    emphasis: given.get('unseen') === '1',
    back: hoursBack(given.get('back')),
    wall: given.has('wall'),
  }
}

export const view = reactive<View>(fromAddress())

const address = computed(() => {
  const parts = new URLSearchParams()
  if (view.area) parts.set('area', view.area)
  if (view.grid) parts.set('grid', view.grid)
  if (view.matter) parts.set('matter', view.matter)
  if (view.layers.size) parts.set('layers', LAYERS.filter((name) => view.layers.has(name)).join(','))
  if (view.window !== '24h') parts.set('window', view.window)
  if (view.window === 'custom' && view.custom) {
    parts.set('from', view.custom.from)
    parts.set('to', view.custom.to)
  }
  if (view.emphasis) parts.set('unseen', '1')
  if (view.back) parts.set('back', String(view.back))
  if (view.wall) parts.set('wall', '1')
  return parts.toString()
})

watch(address, (parts) => history.replaceState(null, '', parts ? `#${parts}` : location.pathname))

export function bounds(now: number): Partial<Span> {
  return windowOf(view.window, now, view.custom, view.back)
}

export function chooseArea(code: string): void {
  view.area = code
  view.grid = view.matter = null
}

export function chooseGrid(code: string): void {
  view.grid = code
  view.matter = view.card = null
}

export function chooseMatter(id: string): void {
  view.matter = id
  view.grid = view.card = null
}

export function switchCard(name: NonNullable<View['card']>): void {
  view.card = view.card === name ? null : name
  if (view.card) view.grid = view.matter = null
}

export function switchLayer(name: LayerName): void {
  const next = new Set(view.layers)
  if (!next.delete(name)) next.add(name)
  view.layers = next
}
