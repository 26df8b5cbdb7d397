/** The service worker: what makes the page open without a network. */
import { ref } from 'vue'

export const newVersion = ref(false)
let waiting: ServiceWorker | null = null

function found(worker: ServiceWorker | null): void {
  if (!worker || !navigator.serviceWorker.controller) return
  waiting = worker
  newVersion.value = true
}

export function register(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  void navigator.serviceWorker.register('/phone-sw.js', { scope: '/phone' }).then((registration) => {
    found(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const next = registration.installing
      next?.addEventListener('statechange', () => { if (next.state === 'installed') found(next) })
    })
  }, () => undefined) // without one the page needs a network to open, and nothing else
}

/** Opens the new version; what is recorded is in the database and stays. */
export function takeOver(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  waiting?.postMessage('take over')
}
