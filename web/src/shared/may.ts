/** What the signed-in role may do, as the server's policy has it: nobody is offered, or asks for, what would be refused. */
import { member } from './session'

const ROLES = {
  'alarms:drill': ['officer'],
  'alarms:reinforce': ['officer', 'centre'],
  'assignments:suggest': ['officer'],
  'coverage:read': ['member', 'leader', 'officer', 'centre'],
  'duty:holes': ['leader', 'officer', 'centre'],
  'duty:write': ['leader', 'officer'],
  'matters:export': ['officer', 'centre'],
  'matters:read': ['member', 'leader', 'officer', 'centre'],
  'media:send': ['member', 'leader', 'officer'],
  'notices:write': ['leader', 'officer', 'centre'],
  'patrols:count': ['leader', 'officer', 'centre'],
  'patrols:read': ['member', 'leader', 'officer'],
} as const

export type Permission = keyof typeof ROLES

export function may(permission: Permission): boolean {
  const roles: readonly string[] = ROLES[permission]
  return roles.includes(member.value?.role ?? '')
}
