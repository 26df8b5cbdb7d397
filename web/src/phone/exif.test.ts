import { expect, test } from 'vitest'
import { exifOf, withExif } from './exif'

/** A JPEG in which a camera wrote that it was turned, in either order of bytes. */
function turned(small: boolean): ArrayBuffer {
  const tiff = new DataView(new ArrayBuffer(8 + 2 + 2 * 12))
  tiff.setUint16(0, small ? 0x4949 : 0x4d4d)
  tiff.setUint16(2, 42, small)
  tiff.setUint32(4, 8, small)
  tiff.setUint16(8, 2, small)
  ;[[0x0112, 6], [0x0128, 2]].forEach(([tag, value], i) => {
    tiff.setUint16(10 + 12 * i, tag!, small)
    tiff.setUint16(12 + 12 * i, 3, small)
    tiff.setUint32(14 + 12 * i, 1, small)
    tiff.setUint16(18 + 12 * i, value!, small)
  })
  const exif = [0xff, 0xe1, 0, tiff.byteLength + 8, 0x45, 0x78, 0x69, 0x66, 0, 0, ...new Uint8Array(tiff.buffer)]
  const jfif = [0xff, 0xe0, 0, 4, 1, 1]
  return new Uint8Array([0xff, 0xd8, ...jfif, ...exif, 0xff, 0xda, 0, 2, 9, 9, 0xff, 0xd9]).buffer
}
const BARE = new Uint8Array([0xff, 0xd8, 0xff, 0xda, 0, 2, 7, 0xff, 0xd9]).buffer

test.each([true, false])('what a camera wrote goes along, upright (small end first: %s)', (small) => {
  const made = withExif(BARE, exifOf(turned(small)))
  const view = new DataView(exifOf(made)!.buffer, 10)
  expect([view.getUint16(18, small), view.getUint16(30, small)]).toEqual([1, 2])
  expect(made.byteLength).toBe(BARE.byteLength + exifOf(turned(small))!.length)
})

test('where nothing was written, nothing is added', () => expect(withExif(BARE, exifOf(BARE))).toBe(BARE))

test.each([
  ['nothing', []], ['a PNG', [0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0]], ['half a segment', [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0x45, 0x78, 0x69, 0x66, 0, 0]],
  ['a segment without length', [0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['a directory that lies outside', [0xff, 0xd8, 0xff, 0xe1, 0, 16, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49, 42, 0, 255, 255, 255, 255]],
])('%s does no harm', (_, bytes) => {
  const exif = exifOf(new Uint8Array(bytes).buffer)
  expect(withExif(BARE, exif).byteLength - BARE.byteLength).toBe(exif?.length ?? 0)
})
