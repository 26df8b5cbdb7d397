/// <reference lib="webworker" />
/**
 * Keeps the phone page at hand without a network: its own files, and the map tiles that were looked at.
 *
 * The page comes from here first, so that the sign-in page of a hotspot never takes its place.
 */
const worker = self as unknown as ServiceWorkerGlobalScope
declare const __SHELL__: string[]

const PAGE = '/phone'
const shell = __SHELL__
const version = `phone ${shell.join(' ')}`
const SHELL = `gridpatrol.shell.${hash(version)}`
const TILES = 'gridpatrol.tiles'
const MOST_TILES = 600
const TILE_PATIENCE = 6_000 // ms, until a kept tile is shown instead
const TYPES: Record<string, RegExp> = { js: /javascript/, mjs: /javascript/, css: /^text\/css/ }

function hash(text: string): string {
  let value = 0
  for (const letter of text) value = (Math.imul(value, 31) + letter.charCodeAt(0)) | 0
  return (value >>> 0).toString(36)
}

/** A file of ours; anything else that a network may answer in its place is refused. */
async function ours(path: string): Promise<Response> {
  const answer = await fetch(path, { cache: 'reload', redirect: 'error' })
  const type = answer.headers.get('Content-Type') ?? ''
  const expected = TYPES[path.split('.').at(-1)!]
  const isPage = path === PAGE && (await answer.clone().text()).includes('phone-manifest.json')
  if (!answer.ok || (path === PAGE ? !isPage : expected && !expected.test(type))) throw new Error(`${path} is not ours`)
  return answer
}

async function install(): Promise<void> {
  const paths = [PAGE, '/static/mark.svg', ...shell]
  const answers = await Promise.all(paths.map(ours))
  const cache = await caches.open(SHELL)
  await Promise.all(paths.map((path, i) => cache.put(path, answers[i]!)))
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('gridpatrol.shell.') && name !== SHELL)
  await Promise.all(old.map((name) => caches.delete(name)))
  await worker.clients.claim()
}

async function fromShell(request: Request | string): Promise<Response> {
  const kept = await (await caches.open(SHELL)).match(request, { ignoreVary: true })
  return kept ?? fetch(request)
}

async function tile(request: Request): Promise<Response> {
  const cache = await caches.open(TILES)
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(TILE_PATIENCE) })
    if (answer.status === 200 && answer.headers.get('Content-Type')?.startsWith('application/vnd.mapbox-vector-tile')) {
      await cache.delete(request.url)
      await cache.put(request.url, answer.clone()).catch(() => undefined) // full: the map does without
      const keys = await cache.keys()
      await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_TILES)).map((key) => cache.delete(key)))
    }
    return answer
  } catch (error) {
    const kept = await cache.match(request.url, { ignoreVary: true })
    if (!kept) throw error
    return kept
  }
}

worker.addEventListener('install', (event) => event.waitUntil(install()))
worker.addEventListener('activate', (event) => event.waitUntil(activate()))
worker.addEventListener('message', (event) => { if (event.data === 'take over') void worker.skipWaiting() })
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  if (request.mode === 'navigate' && url.pathname === PAGE) event.respondWith(fromShell(PAGE))
  else if (shell.includes(url.pathname) || url.pathname === '/static/mark.svg') event.respondWith(fromShell(url.pathname))
  else if (/^\/api\/v1\/tiles\/.*\.mvt$/.test(url.pathname)) event.respondWith(tile(request))
})

export {}
