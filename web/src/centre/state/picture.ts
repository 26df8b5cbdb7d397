/** The map as a picture that can be kept or printed. */
import { ref } from 'vue'
import { STATES, tally } from '../../shared/coverage'
import { LAYERS, type LayerName } from '../../shared/map/layers'
import { CANVAS, DENSITY, HOLE, LATE, MATTER, PLACE_TEXT, SELECTED, STATE_COLOUR } from '../../shared/map/palette'
import { language, nameOf, t, type Key } from '../../shared/i18n'
import { moment } from '../../shared/time'
import { area } from '../../shared/areas'
import { grids, live } from './live'
import { view } from './view'
import { bare, matterFigures, overdue } from './watch'

/** Gives the map's canvas right after it has been drawn: later it is empty. */
export const camera = ref<(() => Promise<HTMLCanvasElement>) | null>(null)
export const printed = ref<string | null>(null)

function title(): string {
  const here = area(view.area)
  return [t('product'), here && nameOf(here)].filter(Boolean).join(' · ')
}

function span(): string {
  if (!live.window) return ''
  return [live.window.from, live.window.to].map((at) => moment(Date.parse(at), language.value)).join(' – ')
}

/** The map with its title above and its legend below. */
async function compose(): Promise<HTMLCanvasElement | null> {
  const map = await camera.value?.()
  if (!map) return null
  const unit = Math.max(12, map.width / 80)
  const sheet = document.createElement('canvas')
  sheet.width = map.width
  sheet.height = map.height + unit * 7
  const pen = sheet.getContext('2d')!
  pen.fillStyle = CANVAS
  pen.fillRect(0, 0, sheet.width, sheet.height)
  pen.drawImage(map, 0, unit * 4)
  pen.textBaseline = 'middle'
  write(pen, title(), unit, unit * 2, `600 ${unit * 1.5}px sans-serif`, '#ffffff')
  pen.textAlign = 'right'
  write(pen, span(), sheet.width - unit, unit * 2, `${unit}px sans-serif`, PLACE_TEXT)
  pen.textAlign = 'left'
  legend(pen, unit, map.height + unit * 5.5)
  return sheet
}

function write(pen: CanvasRenderingContext2D, text: string, x: number, y: number, font: string, colour: string): number {
  pen.font = font
  pen.fillStyle = colour
  pen.fillText(text, x, y)
  return pen.measureText(text).width
}

interface Entry { colour: string; text: string }

function ofStates(): Entry[] {
  const counts = tally(grids.value ?? [])
  return STATES.map((state) => ({ colour: STATE_COLOUR[state], text: `${t(`state_${state}` as Key)} ${counts[state]}` }))
}

/** The layers that are on, with what they count. */
function ofLayers(): Entry[] {
  const known: Record<LayerName, [colour: string, n: number | undefined]> = {
    gaps: [STATE_COLOUR.unseen, undefined],
    overdue: [LATE, overdue.answer.value?.length],
    holes: [HOLE, bare.value?.length],
    matters: [MATTER, matterFigures.value?.open],
    checkpoints: [SELECTED, undefined],
    density: [DENSITY[2]![1], undefined],
  }
  return LAYERS.filter((name) => view.layers.has(name)).map((name) => {
    const [colour, n] = known[name]
    return { colour, text: [t(`layer_${name}`), n].filter((part) => part !== undefined).join(' ') }
  })
}

function legend(pen: CanvasRenderingContext2D, unit: number, y: number): void {
  let x = unit
  for (const { colour, text } of [...ofStates(), ...ofLayers()]) {
    pen.fillStyle = colour
    pen.fillRect(x, y - unit / 2, unit, unit)
    x += unit * 1.5
    x += write(pen, text, x, y, `${unit}px sans-serif`, PLACE_TEXT) + unit * 2
  }
}

async function png(): Promise<string | null> {
  const sheet = await compose()
  const blob = sheet && await new Promise<Blob | null>((resolve) => { sheet.toBlob(resolve, 'image/png') })
  return blob && URL.createObjectURL(blob)
}

export async function savePicture(): Promise<void> {
  const url = await png()
  if (!url) return
  const link = document.createElement('a')
  link.href = url
  link.download = `gridpatrol-${view.area ?? 'map'}-${new Date().toISOString().slice(0, 13)}.png`
  link.click()
  setTimeout(() => { URL.revokeObjectURL(url) }, 60_000)
}

/** Puts the picture on the sheet that style sheets for print show alone; the browser prints it or makes a PDF. */
export async function printPicture(): Promise<void> {
  const before = printed.value
  printed.value = await png()
  if (before) URL.revokeObjectURL(before)
}
