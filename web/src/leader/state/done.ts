/** What has just been done, said once and then no more. */
import { ref, watch } from 'vue'

const SHOWN = 5_000 // ms

export const done = ref<string | null>(null)
let fading: ReturnType<typeof setTimeout> | undefined

watch(done, (text) => {
  clearTimeout(fading)
  if (text) fading = setTimeout(() => { done.value = null }, SHOWN)
})
