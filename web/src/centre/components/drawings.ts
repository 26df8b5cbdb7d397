/** What the small charts show, in the colours of the map. */
import type { Drawing } from '../../shared/chart'
import { STATES, percent, type Tally } from '../../shared/coverage'
import { STATE_COLOUR } from '../../shared/map/palette'
import type { State } from '../../shared/types'

const TEXT = '#aebccb'
const RULE = '#21303d'
const BARS = '#43596b'

function letters(size: number): object {
  return { color: TEXT, fontSize: size, fontFamily: 'inherit' }
}

function tooltip(size: number): object {
  return {
    trigger: 'axis', axisPointer: { type: 'shadow', shadowStyle: { color: '#ffffff0d' } }, confine: true,
    backgroundColor: '#15202a', borderColor: '#334656', padding: [6, 10], textStyle: { ...letters(size), color: '#e4ebf1' },
  }
}

export interface Step { label: string; share: number; visits: number }

/** Visits as bars, and a share as a line. */
export function courseOf(steps: readonly Step[], names: { share: string; visits: string }, size: number): Drawing {
  const plain = { axisLine: { show: false }, axisTick: { show: false }, axisLabel: letters(size) }
  return {
    animationDuration: 300,
    grid: { left: size * 3.2, right: size * 3.4, top: size, bottom: size * 2 },
    tooltip: tooltip(size),
    xAxis: { type: 'category', data: steps.map(({ label }) => label), axisTick: { show: false },
      axisLine: { lineStyle: { color: RULE } }, axisLabel: { ...letters(size), hideOverlap: true } },
    yAxis: [
      { type: 'value', splitNumber: 3, minInterval: 1, splitLine: { lineStyle: { color: RULE } }, ...plain },
      { type: 'value', splitNumber: 3, min: 0, splitLine: { show: false }, ...plain, axisLabel: { ...letters(size), formatter: '{value}%' } },
    ],
    series: [
      { name: names.visits, type: 'bar', data: steps.map(({ visits }) => visits), color: BARS, barCategoryGap: '30%' },
      { name: names.share, type: 'line', yAxisIndex: 1, data: steps.map(({ share }) => percent(share)),
        color: STATE_COLOUR.seen, symbolSize: size / 2.4, lineStyle: { width: 2 } },
    ],
  }
}

export interface Part { name: string; tally: Tally }

/** Areas below, each as a bar of its grids by state. */
export function partsOf(parts: readonly Part[], names: Record<State, string>, size: number): Drawing {
  const upward = [...parts].reverse()
  return {
    animationDuration: 300,
    grid: { left: size * 8, right: size, top: size * 0.3, bottom: size * 2 },
    tooltip: tooltip(size),
    xAxis: { type: 'value', splitNumber: 3, minInterval: 1, splitLine: { lineStyle: { color: RULE } }, axisLabel: letters(size) },
    yAxis: { type: 'category', data: upward.map(({ name }) => name), axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { ...letters(size), width: size * 6.2, overflow: 'truncate' } },
    series: STATES.map((state) => ({
      name: names[state], type: 'bar', stack: 'grids', barMaxWidth: size * 1.1, color: STATE_COLOUR[state],
      itemStyle: { opacity: state === 'unseen' ? 0.75 : 0.9 }, data: upward.map(({ tally }) => tally[state]),
    })),
  }
}
