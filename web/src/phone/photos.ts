/** Photos of this phone: made small enough for a weak network, and kept until the server has them. */
import { exifOf, withExif } from './exif'
import { outbox } from './state'

const LONGEST = 2_048 // pixels of the longer side
const LIGHT = 1_200_000 // bytes that need not become fewer
const QUALITY = 0.82

interface Shrunk { body: ArrayBuffer; type: string }

/**
 * A photo of at most 2,048 pixels, upright, with when and where it was taken still written in it.
 * What this browser cannot read goes as it is: the server may.
 */
export async function shrink(file: File): Promise<Shrunk> {
  const body = await file.arrayBuffer()
  const plain = { body, type: file.type || 'image/jpeg' }
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => null)
  if (!picture) return plain
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height))
  if (scale === 1 && body.byteLength <= LIGHT) {
    picture.close()
    return plain
  }
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
  if (!blob || blob.size >= body.byteLength) return plain
  return { body: withExif(await blob.arrayBuffer(), exifOf(body)), type: 'image/jpeg' }
}

/** Keeps photos of a member; answers the names by which items speak of them. */
export async function keepPhotos(memberId: string, files: File[]): Promise<string[]> {
  const names: string[] = []
  for (const file of files) {
    const { body, type } = await shrink(file)
    names.push(await outbox.addPhoto(memberId, body, type))
  }
  return [...new Set(names)]
}
