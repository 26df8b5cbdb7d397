import { expect, test } from 'vitest'
import { fixOf, gone, isWorthKeeping, metres, placeOf, pointOf, windTo, type Fix } from './fixes'

const fix = (fields: Partial<Fix> = {}): Fix =>
  ({ at: 1_795_486_500_000, lon: 97.37, lat: 37.37, accuracy_m: 6, speed_mps: null, heading_deg: null, ...fields })
const later = (ms: number, lon = 97.37): Fix => fix({ at: fix().at + ms, lon })
const NEAR = 97.37 + 1e-5 // 0.9 m
const FAR = 97.37 + 1e-4 // 8.8 m

test('a degree of latitude is 111.195 km on the mean sphere', () => {
  expect(metres({ lon: 97, lat: 37 }, { lon: 97, lat: 38 })).toBeCloseTo(111_195, -1)
})

test('the first position is kept', () => expect(isWorthKeeping(null, fix())).toBe(true))
test.each([[1_000, FAR, false], [3_000, FAR, true], [10_000, NEAR, false], [30_000, NEAR, true]])(
  'after %i ms at %d', (ms, lon, kept) => expect(isWorthKeeping(fix(), later(ms, lon))).toBe(kept),
)

test('the error of positions is no way gone', () => {
  expect(gone(fix({ accuracy_m: 40 }), fix({ accuracy_m: 40, lon: FAR }))).toBe(0)
  expect(gone(fix(), fix({ lon: FAR }))).toBeCloseTo(8.8, 0)
})

test('what a phone does not know is null, never NaN', () => {
  const coords = { longitude: 97.37, latitude: 37.37, accuracy: 6, speed: NaN, heading: NaN } as GeolocationCoordinates
  expect(pointOf(fixOf({ timestamp: 1.6, coords } as GeolocationPosition))).toEqual([2, 97.37, 37.37, 6, null, null])
})

test('an item bears no more digits than a phone can know, and no accuracy where there is none', () => {
  expect([placeOf(fix({ lon: 97.123456789 })), placeOf(fix({ accuracy_m: null }))]).toEqual([
    { lon: 97.1234568, lat: 37.37, accuracy_m: 6 }, { lon: 97.37, lat: 37.37 },
  ])
})

// At 37 degrees north a degree of longitude is four fifths of a degree of latitude.
test.each([[0, 1, 0], [1, 1, 1], [1, 0, 2], [0, -1, 4], [-1, 0, 6], [-1, 0.9, 7], [-0.2, 1, 0]])(
  'from the origin, %d east and %d north lies wind %i', (east, north, wind) => {
    expect(windTo({ lon: 97, lat: 37 }, { lon: 97 + east / 100, lat: 37 + north / 100 })).toBe(wind)
  },
)
