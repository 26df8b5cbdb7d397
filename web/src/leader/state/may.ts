/** What the signed-in role may do, as the server's policy has it; the server decides all the same. */
import { computed } from 'vue'
import { member } from '../../shared/session'

const role = computed(() => member.value?.role ?? '')
export const mayPlan = computed(() => ['leader', 'officer'].includes(role.value))
export const maySuggest = computed(() => role.value === 'officer')
export const mayTell = computed(() => ['leader', 'officer', 'centre'].includes(role.value))
