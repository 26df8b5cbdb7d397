/** What the parts of the page share: the outbox, how much waits in it, and the way to the server. */
import { reactive, ref } from 'vue'
import { Outbox, type Summary } from './outbox'
import { Sending, type Progress } from './sending'
import { end, hasEnded, member, token } from './session'

const EVERY = 60_000 // ms, positions go out while on patrol
const REFRESH = 300 // ms

export const summary = ref<Summary>({ items: 0, points: 0, photos: 0, refused: 0, others: 0, unsaved: 0 })
export const progress = reactive<Progress>({ busy: false, why: null, nextAt: null })
export const isOnline = ref(navigator.onLine)

let refreshing: ReturnType<typeof setTimeout> | undefined

function changed(): void {
  refreshing ??= setTimeout(() => {
    refreshing = undefined
    void refresh()
  }, REFRESH)
}

export async function refresh(): Promise<void> {
  summary.value = await outbox.summary(member.value?.id ?? null)
}

export const outbox = new Outbox(undefined, undefined, changed)

export const sending = new Sending(
  outbox,
  () => member.value && token() && !hasEnded.value ? { id: member.value.id, token: token()! } : null,
  (next) => {
    Object.assign(progress, next)
    if (next.why === 'signed_out') void end()
  },
)

export function start(): void {
  addEventListener('online', () => { isOnline.value = true; sending.now() })
  addEventListener('offline', () => { isOnline.value = false })
  document.addEventListener('visibilitychange', () => { if (!document.hidden) sending.now() })
  setInterval(() => sending.soon(), EVERY)
  void navigator.storage?.persist?.()
  sending.now()
  void refresh()
}
