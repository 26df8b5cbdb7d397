/** What a camera wrote into a JPEG about when and where (Exif 2.32): taken from one picture and put into another. */

const START = 0xffd8
const EXIF = 0xffe1
const SCAN = 0xffda
const ORIENTATION = 0x0112
const NAME = 0x45786966 // "Exif"
const HEADER = 10 // bytes of marker, length and name before the TIFF structure

/** The Exif segment of a JPEG with its marker, its picture told to be upright; null where there is none. */
export function exifOf(jpeg: ArrayBuffer): Uint8Array | null {
  const view = new DataView(jpeg)
  if (view.byteLength < 4 || view.getUint16(0) !== START) return null
  for (let at = 2; at + HEADER <= view.byteLength;) {
    const [marker, length] = [view.getUint16(at), view.getUint16(at + 2)]
    if (marker === SCAN || marker < 0xff00 || length < 2) return null
    const end = at + 2 + length
    if (marker === EXIF && view.getUint32(at + 4) === NAME && end <= view.byteLength) return upright(new Uint8Array(jpeg.slice(at, end)))
    at = end
  }
  return null
}

/** The same JPEG with an Exif segment right after its start. */
export function withExif(jpeg: ArrayBuffer, exif: Uint8Array | null): ArrayBuffer {
  if (!exif || jpeg.byteLength < 2 || new DataView(jpeg).getUint16(0) !== START) return jpeg
  const made = new Uint8Array(jpeg.byteLength + exif.length)
  made.set(new Uint8Array(jpeg, 0, 2))
  made.set(exif, 2)
  made.set(new Uint8Array(jpeg, 2), 2 + exif.length)
  return made.buffer
}

function upright(exif: Uint8Array): Uint8Array {
  const view = new DataView(exif.buffer, HEADER)
  if (view.byteLength < 8) return exif
  const small = view.getUint16(0) === 0x4949 // the order of bytes
  const first = view.getUint32(4, small)
  if (first + 2 > view.byteLength) return exif
  const count = view.getUint16(first, small)
  for (let i = 0, at = first + 2; i < count && at + 12 <= view.byteLength; i += 1, at += 12) {
    if (view.getUint16(at, small) === ORIENTATION) view.setUint16(at + 8, 1, small)
  }
  return exif
}
