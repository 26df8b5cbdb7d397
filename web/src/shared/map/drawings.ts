/** Small pictures drawn for the map: the ring of a township and the hatching of "no evidence". */
import { percent } from '../coverage'
import { CANVAS, HOLE, OUTSIDE, STATE_COLOUR } from './palette'

export interface Ring { seen: number; noEvidence: number; emphasis: boolean; chosen: boolean; dim: boolean }
export interface Picture { data: ImageData; pixelRatio: number }

export const DIAMETER = 38
const FONT = '"Segoe UI", "Helvetica Neue", Roboto, "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif'

/** A ring's name carries all it needs to be drawn. */
export function ringName({ seen, noEvidence, emphasis, chosen, dim }: Ring): string {
  return ['ring', percent(seen), percent(noEvidence), Number(emphasis), Number(chosen), Number(dim)].join(':')
}

export function ringOf(name: string): Ring | null {
  const [kind, seen, noEvidence, emphasis, chosen, dim] = name.split(':')
  if (kind !== 'ring') return null
  return {
    seen: Number(seen) / 100, noEvidence: Number(noEvidence) / 100,
    emphasis: emphasis === '1', chosen: chosen === '1', dim: dim === '1',
  }
}

function sheet(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  return canvas.getContext('2d', { willReadFrequently: true })!
}

function arc(pen: CanvasRenderingContext2D, radius: number, from: number, to: number): void {
  if (to <= from) return
  const turn = (share: number): number => -Math.PI / 2 + share * 2 * Math.PI
  pen.beginPath()
  pen.arc(0, 0, radius, turn(from), turn(to))
  pen.stroke()
}

function drawArcs(pen: CanvasRenderingContext2D, { seen, noEvidence, emphasis }: Ring, strength: number): void {
  const radius = 14.5
  const gap = seen > 0 && seen < 1 ? 0.012 : 0
  const known = Math.min(1, seen + noEvidence)
  pen.lineWidth = 3.4
  pen.globalAlpha = strength * (emphasis ? 1 : 0.62)
  pen.strokeStyle = STATE_COLOUR.unseen
  arc(pen, radius, known + gap, 1 - gap)
  pen.globalAlpha = strength * (emphasis ? 0.35 : 1)
  pen.strokeStyle = STATE_COLOUR.seen
  arc(pen, radius, gap, seen - gap)
  pen.strokeStyle = STATE_COLOUR.no_evidence
  pen.setLineDash([1.6, 1.4])
  arc(pen, radius, seen + gap, known - gap)
  pen.setLineDash([])
}

/** Blue: seen. Dotted lilac: no evidence. What is left of the circle nobody has seen. */
export function drawRing(ring: Ring, scale: number): Picture {
  const pixelRatio = Math.max(2, Math.ceil(devicePixelRatio))
  const side = Math.round(DIAMETER * scale * pixelRatio)
  const pen = sheet(side, side)
  pen.translate(side / 2, side / 2)
  pen.scale(side / DIAMETER, side / DIAMETER)
  pen.fillStyle = ring.chosen ? '#1d2c39' : CANVAS
  pen.beginPath()
  pen.arc(0, 0, 17.5, 0, 2 * Math.PI)
  pen.fill()
  const strength = ring.dim ? OUTSIDE : 1
  drawArcs(pen, ring, strength)
  pen.globalAlpha = strength
  pen.fillStyle = ring.emphasis && ring.seen < 0.05 ? STATE_COLOUR.unseen : '#eaf0f5'
  pen.font = `600 ${ring.seen >= 1 ? 10 : 11.5}px ${FONT}`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(String(percent(ring.seen)), 0, 0.6)
  return { data: pen.getImageData(0, 0, side, side), pixelRatio }
}

export const HATCH = 'hatch'
export const GAP_HATCH = 'hatch-gap'
export const HOLE_HATCH = 'hatch-hole'

/** Diagonal strokes that repeat without a seam; `side` is their distance in half pixels. */
export function drawHatch(colour = STATE_COLOUR.no_evidence, width = 3, side = 16, isFalling = false): Picture {
  const pen = sheet(side, side)
  pen.strokeStyle = colour
  pen.lineWidth = width
  if (isFalling) pen.setTransform(1, 0, 0, -1, 0, side)
  for (const shift of [-side, 0, side]) {
    pen.beginPath()
    pen.moveTo(shift - 2, side + 2)
    pen.lineTo(shift + side + 2, -2)
    pen.stroke()
  }
  return { data: pen.getImageData(0, 0, side, side), pixelRatio: 2 }
}

/** The hatch of this name, if it is one. */
export function hatchOf(name: string): Picture | null {
  switch (name) {
    case HATCH: return drawHatch()
    case GAP_HATCH: return drawHatch(STATE_COLOUR.unseen, 2.4, 12, true)
    case HOLE_HATCH: return drawHatch(HOLE, 2.4, 20, true)
    default: return null
  }
}
