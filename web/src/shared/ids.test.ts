import { expect, test } from 'vitest'
import { sha256, uuid7 } from './ids'

test('a name begins with its time in milliseconds', () => {
  expect(uuid7(0x0197f3d06c1e).slice(0, 15)).toBe('0197f3d0-6c1e-7')
})

test('a name has the shape of version 7', () => {
  for (let i = 0; i < 100; i += 1) expect(uuid7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('no name comes twice', () => {
  expect(new Set(Array.from({ length: 1000 }, () => uuid7(1))).size).toBe(1000)
})

// FIPS 180-2, appendix B.1
test('bytes are named by their SHA-256', async () => {
  const abc = new TextEncoder().encode('abc').buffer as ArrayBuffer
  expect(await sha256(abc)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
