/** What is being drawn on the map, and shown of it. */
import { ref, shallowRef } from 'vue'
import type { Polygon } from '../../shared/map/circle'

export type At = [lon: number, lat: number]

/** Whether a polygon is being asked for. */
export const wanted = ref(false)
/** The one that was drawn last. */
export const drawn = shallowRef<Polygon | null>(null)
/** What the map shows. */
export const shape = shallowRef<Polygon | null>(null)
