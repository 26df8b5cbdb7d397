/** One ticking clock for the whole page. */
import { readonly, ref } from 'vue'

const ticking = ref(Date.now())
setInterval(() => { ticking.value = Date.now() }, 1000)

export const now = readonly(ticking)
