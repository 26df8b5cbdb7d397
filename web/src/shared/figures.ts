/** Numbers as people read them. */
import type { Language } from './i18n'
import { percent } from './coverage'

export function count(value: number, language: Language): string {
  return new Intl.NumberFormat(language).format(value)
}

export function share(value: number): string {
  return `${percent(value)}%`
}

/** Hectares below a square kilometre, square kilometres above. */
export function size(squareMetres: number): string {
  if (squareMetres < 1e6) return `${(squareMetres / 1e4).toFixed(1)} ha`
  const km2 = squareMetres / 1e6
  return `${km2.toFixed(km2 < 100 ? 1 : 0)} km²`
}

export function personTime(minutes: number, language: Language): { value: string; unit: 'minutes' | 'hours' } {
  if (minutes < 600) return { value: count(Math.round(minutes), language), unit: 'minutes' }
  return { value: count(Math.round(minutes / 60), language), unit: 'hours' }
}
