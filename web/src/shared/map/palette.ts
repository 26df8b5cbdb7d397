/** The colours of the map; blue against orange stays apart for every kind of colour vision. */
import type { State } from '../types'

export const CANVAS = '#0a0f14'
export const RULE = '#1b2733'
export const RULE_TEXT = '#566a7c'
export const PLACE_TEXT = '#b9c6d2'
export const QUIET_TEXT = '#8496a6'
export const SELECTED = '#ffffff'

/** How strongly things outside the chosen area are drawn. */
export const OUTSIDE = 0.36

export const STATE_COLOUR: Record<State, string> = {
  seen: '#4fb3d9',
  partly: '#d9c06a',
  unseen: '#f0803c',
  no_evidence: '#b3aadf',
}
