import { expect, test } from 'vitest'
import { isAbove, rootOf } from './tree'
import type { Area, Level } from './types'

function anArea(code: string, level: Level, parent: string | null): Area {
  return { code, level, parent, name: code, name_en: null, kind: null, centre: null, bbox: null, grids: 0, children: 0, is_synthetic: false }
}

const HAIXI = anArea('632800000000', 'prefecture', null)
const DELINGHA = anArea('632802000000', 'county', HAIXI.code)
const GOLMUD = anArea('632801000000', 'county', HAIXI.code)
const HEXI = anArea('632802001000', 'township', DELINGHA.code)
const HEDONG = anArea('632802002000', 'township', DELINGHA.code)

test('the centre begins at the prefecture', () => {
  expect(rootOf([HAIXI, DELINGHA, GOLMUD, HEXI], HAIXI.code)).toBe(HAIXI)
})

test('an officer begins at the own area, however few areas lie in it', () => {
  expect(rootOf([HAIXI, DELINGHA, HEXI], DELINGHA.code)).toBe(DELINGHA)
})

test('a member begins at the county, which is where sight ends', () => {
  expect(rootOf([HAIXI, DELINGHA, HEXI, HEDONG], '632802001001')).toBe(DELINGHA)
})

test('who sees no area has no root', () => {
  expect(rootOf([], HAIXI.code)).toBeUndefined()
})

test('an area lies above what is inside it, not above itself', () => {
  expect([isAbove(HAIXI, HEXI), isAbove(HEXI, HEXI), isAbove(GOLMUD, HEXI)]).toEqual([true, false, false])
})
