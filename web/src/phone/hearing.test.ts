import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Blocks, Hearing } from './hearing'

const EVENT = 'id: 1.7.3\nevent: notice.sent\ndata: {"id":"x"}\n\n'

test('events come whole, however the stream is cut', () => {
  const blocks = new Blocks()
  const heard = [...`retry: 1000\nid: 1.7.2\nevent: ready\ndata: {}\n\n: \n\n${EVENT}`].flatMap((letter) => blocks.take(letter))
  expect(heard).toEqual([{ kind: 'ready', id: '1.7.2' }, { kind: 'notice.sent', id: '1.7.3' }])
})

let heard: string[]
let on: boolean[]
let asked: Headers[]
let answers: (() => Response | Promise<Response>)[]
let hearing: Hearing
let token: string | null

const stream = (text: string): Response => new Response(text, { headers: { 'Content-Type': 'text/event-stream' } })

beforeEach(() => {
  vi.useFakeTimers()
  ;[heard, on, asked, answers, token] = [[], [], [], [], 't']
  const ear = { token: () => token, heard: (kind: string) => { heard.push(kind) }, connected: (is: boolean) => { on.push(is) } }
  hearing = new Hearing(ear, async (_, init) => {
    asked.push(new Headers(init?.headers))
    const answer = answers.shift()
    return answer ? answer() : new Promise<Response>((_, cut) => { init?.signal?.addEventListener('abort', () => cut(new Error('cut'))) })
  })
})
afterEach(() => {
  hearing.stop()
  vi.useRealTimers()
})

test('after a cut it listens again from where it was', async () => {
  answers = [() => stream(EVENT)]
  hearing.start()
  await vi.advanceTimersByTimeAsync(10_000)
  expect([heard, asked.map((headers) => headers.get('Last-Event-ID'))]).toEqual([['notice.sent'], [null, '1.7.3']])
})

test('it says whether it is connected', async () => {
  answers = [() => stream(EVENT)]
  hearing.start()
  await vi.advanceTimersByTimeAsync(100)
  expect(on).toEqual([true, false])
})

test.each([
  ['a portal', () => new Response('<form>', { headers: { 'Content-Type': 'text/html' } })],
  ['a server that is down', () => new Response('', { status: 502 })],
  ['no network', () => { throw new TypeError('Failed to fetch') }],
])('after %s it tries again', async (_, answer) => {
  answers = [answer]
  hearing.start()
  await vi.advanceTimersByTimeAsync(10_000)
  expect([heard, asked.length]).toEqual([[], 2])
})

test('whom the server refuses, it does not ask again', async () => {
  answers = [() => new Response('', { status: 401 })]
  hearing.start()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(asked.length).toBe(1)
})

test('nobody signed in listens to nothing, and who stops is left alone', async () => {
  token = null
  hearing.start()
  token = 't'
  hearing.start()
  hearing.stop()
  await vi.advanceTimersByTimeAsync(600_000)
  expect([asked.length, on.includes(true)]).toEqual([1, false])
})

test('whoever comes next begins anew', async () => {
  answers = [() => stream(EVENT)]
  hearing.start()
  await vi.advanceTimersByTimeAsync(100)
  hearing.forget()
  hearing.start()
  expect(asked.at(-1)!.get('Last-Event-ID')).toBe(null)
})
