/** A suggestion as the map shows it before it is applied: of each grid the team that would have it. */
import { shallowRef } from 'vue'

export const preview = shallowRef<ReadonlyMap<string, string> | null>(null)
