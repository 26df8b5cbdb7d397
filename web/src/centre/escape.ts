/** Closing by the key Esc, for as long as a component is there. */
import { onMounted, onUnmounted } from 'vue'

export function onEscape(close: () => void): void {
  const onKey = (event: KeyboardEvent): void => { if (event.key === 'Escape') close() }
  onMounted(() => document.addEventListener('keydown', onKey))
  onUnmounted(() => document.removeEventListener('keydown', onKey))
}
