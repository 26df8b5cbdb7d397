/** Reads QR codes, with the phone's own reader where it has one. */

interface Detector { detect(source: ImageBitmapSource): Promise<{ rawValue: string }[]> }
declare global {
  interface Window { BarcodeDetector?: { new(options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> } }
}

const WIDEST = 1_000 // pixels that are enough to read a code

export type Reader = (picture: HTMLVideoElement | ImageBitmap) => Promise<string | null>

export async function reader(): Promise<Reader> {
  const formats = await window.BarcodeDetector?.getSupportedFormats().catch(() => []) ?? []
  if (window.BarcodeDetector && formats.includes('qr_code')) {
    const detector = new window.BarcodeDetector({ formats: ['qr_code'] })
    return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null
  }
  const { default: jsQR } = await import('jsqr')
  const canvas = document.createElement('canvas')
  return async (picture) => {
    const [width, height] = 'videoWidth' in picture ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height]
    if (!width || !height) return null
    const scale = Math.min(1, WIDEST / Math.max(width, height))
    canvas.width = Math.round(width * scale)
    canvas.height = Math.round(height * scale)
    const context = canvas.getContext('2d', { willReadFrequently: true })!
    context.drawImage(picture, 0, 0, canvas.width, canvas.height)
    return jsQR(context.getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, canvas.height)?.data ?? null
  }
}

/** The code of an invitation's link, or null. */
export function invitationIn(text: string): string | null {
  return new URLSearchParams(text.split('#')[1] ?? '').get('invited')
}

export const isCheckpoint = (text: string): boolean => /^GP[01]\.[A-Z2-7]{8}\./.test(text)
