import { expect, test } from 'vitest'
import { addUp, ancestor, byArea, percent, prefixOf, tally } from './coverage'
import type { CoverageRow } from './types'

function aRow(part: Partial<CoverageRow> = {}): CoverageRow {
  return {
    code: '632802001001001', name: '第一网格', basis: 'area', area_m2: 1000, share_seen: 0, share_no_evidence: 0,
    state: 'unseen', visits: 0, person_minutes: 0, check_ins: { A: 0, B: 0, C: 0, D: 0 }, last_seen_at: null, ...part,
  }
}

test('every grid is counted under its own state', () => {
  const rows = [aRow(), aRow({ state: 'seen' }), aRow({ state: 'no_evidence' }), aRow()]
  expect(tally(rows)).toEqual({ seen: 1, partly: 0, unseen: 2, no_evidence: 1 })
})

test('shares are weighted by area', () => {
  const sum = addUp([aRow({ share_seen: 1, area_m2: 3000 }), aRow({ share_no_evidence: 1, area_m2: 1000 })])
  expect(sum.share_seen).toBe(0.75)
  expect(sum.share_no_evidence).toBe(0.25)
})

test('a pastoral grid does not drown a town', () => {
  const town = aRow({ share_seen: 0.8 })
  const pasture = aRow({ basis: 'checkpoints', area_m2: 1e8 })
  expect(addUp([town, pasture])).toMatchObject({ grids: 2, share_seen: 0.8 })
  expect(addUp([{ ...pasture, share_seen: 0.5 }]).share_seen).toBe(0.5)
})

test('no grids add up to nothing seen', () => {
  expect(addUp([])).toMatchObject({ grids: 0, share_seen: 0, last_seen_at: null })
})

test('the latest arrival counts, whatever its offset', () => {
  const sum = addUp([
    aRow({ last_seen_at: '2026-11-24T09:00:00+08:00' }), aRow({ last_seen_at: null }),
    aRow({ last_seen_at: '2026-11-24T02:00:00Z' }),
  ])
  expect(sum.last_seen_at).toBe('2026-11-24T02:00:00Z')
})

test('a code names every area above it', () => {
  const code = '632802001001001'
  expect(ancestor(code, 'prefecture')).toBe('632800000000')
  expect(ancestor(code, 'county')).toBe('632802000000')
  expect(ancestor(code, 'township')).toBe('632802001000')
  expect(ancestor(code, 'community')).toBe('632802001001')
  expect(prefixOf({ code: '632802001000', level: 'township' })).toBe('632802001')
})

test('grids are grouped by the area they lie in', () => {
  const groups = byArea([aRow(), aRow({ code: '632802001002001' }), aRow({ code: '632802001001002' })], 'community')
  expect([...groups].map(([code, sum]) => [code, sum.grids])).toEqual([['632802001001', 2], ['632802001002', 1]])
})

test('nothing and everything are said only when they are true', () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual([0, 1, 50, 99, 100])
})
