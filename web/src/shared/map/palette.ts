/** The colours of the map; blue against orange stays apart for every kind of colour vision. */
import type { State } from '../types'

export const CANVAS = '#0a0f14'
export const RULE = '#1b2733'
export const RULE_TEXT = '#566a7c'
export const PLACE_TEXT = '#b9c6d2'
export const QUIET_TEXT = '#8496a6'
export const BADGE = '#ff9aa2'
export const SELECTED = '#ffffff'

/** How strongly things outside the chosen area are drawn. */
export const OUTSIDE = 0.36

export const STATE_COLOUR: Record<State, string> = {
  seen: '#4fb3d9',
  partly: '#d9c06a',
  unseen: '#f0803c',
  no_evidence: '#b3aadf',
}

export const LATE = '#ff4d5e'
export const HOLE = '#e27bd0'
export const MATTER = '#7ddc9c'
/** Minutes of people on a hectare, and the colour from there on. */
export const DENSITY: readonly [minutes: number, colour: string][] = [
  [0, '#12343c'], [1, '#17666c'], [5, '#1fa08d'], [20, '#8fd694'], [60, '#f2f5b0'],
]
