import { expect, test } from 'vitest'
import { type Answerer, BATU, json, open, OYUN, portal, problem, stage, staged, stop } from './outbox_stage'

staged()

const picture = (size: number): ArrayBuffer => new Uint8Array(size).map((_, i) => i % 251).buffer as ArrayBuffer

function takesPhotos(): Answerer {
  const parts: Buffer[] = []
  return ({ path, headers, body, method }) => {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (method === 'HEAD') return new Response(null, { status: 204, headers: { 'Upload-Offset': String(length) } })
    const sha256 = path.split('/').at(-1)
    const range = /bytes (\d+)-(\d+)\/(\d+)/.exec(headers.get('Content-Range') ?? '')
    if (range && Number(range[1]) !== length) return problem(422, `expected ${length}`)
    parts.push(body)
    const reached = length + body.length
    return range && reached < Number(range[3]) ? json({ sha256, upload_offset: reached }, 202) : json({ sha256 }, 201)
  }
}

test('a photo is named by its digest and goes away when the server names it so', async () => {
  const name = await stage.outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  stage.server = takesPhotos()
  await stage.outbox.send(BATU)
  expect([stage.asked.map(({ path, method }) => `${method} ${path}`), (await stage.outbox.photos(BATU.id)).length]).toEqual([[`PUT /api/v1/media/${name}`], 0])
})

test('a large photo goes in parts', async () => {
  await stage.outbox.addPhoto(BATU.id, picture(1_200_000), 'image/jpeg')
  stage.server = takesPhotos()
  await stage.outbox.send(BATU)
  expect(stage.asked.map(({ headers }) => headers.get('Content-Range'))).toEqual([
    'bytes 0-524287/1200000', 'bytes 524288-1048575/1200000', 'bytes 1048576-1199999/1200000',
  ])
})

test('after a broken connection a photo goes on where it stopped', async () => {
  await stage.outbox.addPhoto(BATU.id, picture(1_200_000), 'image/jpeg')
  const takes = takesPhotos()
  stage.server = (one) => { if (stage.asked.length === 2) throw new TypeError('Failed to fetch'); return takes(one) }
  await stop()
  stage.outbox.close()
  stage.outbox = open()
  await stage.outbox.send(BATU)
  expect([stage.asked.slice(2).map(({ method, headers }) => [method, headers.get('Content-Range')]), (await stage.outbox.photos(BATU.id)).length]).toEqual([[
    ['HEAD', null], ['PUT', 'bytes 524288-1048575/1200000'], ['PUT', 'bytes 1048576-1199999/1200000'],
  ], 0])
})

test.each([
  ['a page', () => new Response(portal, { headers: { 'Content-Type': 'text/html' } })],
  ['another name', () => json({ sha256: '0'.repeat(64) }, 201)],
])('%s leaves a photo where it is', async (_, answer) => {
  await stage.outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  stage.server = answer
  await stop()
  expect((await stage.outbox.photos(BATU.id)).map(({ state }) => state)).toEqual(['waiting'])
})

test('a photo that cannot be taken stays for its member to see, and holds nothing up', async () => {
  await stage.outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  await stage.outbox.addPhoto(BATU.id, picture(200), 'image/jpeg')
  const takes = takesPhotos()
  stage.server = (one) => one.size === 100 ? problem(422, 'Not a photo') : takes(one)
  await stage.outbox.send(BATU)
  expect((await stage.outbox.photos(BATU.id)).map(({ state, reason }) => [state, reason])).toEqual([['refused', 'Not a photo']])
})

test('a photo of the former member stays sealed', async () => {
  await stage.outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  stage.server = takesPhotos()
  await stage.outbox.send(OYUN)
  expect([stage.asked.length, (await stage.outbox.photos(BATU.id)).length]).toEqual([0, 1])
})

test('the same photo of two members is sent by each', async () => {
  await stage.outbox.addPhoto(BATU.id, picture(100), 'image/jpeg')
  await stage.outbox.addPhoto(OYUN.id, picture(100), 'image/jpeg')
  stage.server = takesPhotos()
  await stage.outbox.send(BATU)
  await stage.outbox.send(OYUN)
  expect(stage.asked.map(({ token }) => token)).toEqual(['Bearer batu-token', 'Bearer oyun-token'])
})
