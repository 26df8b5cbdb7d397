/** Matters, their steps, and the words for both; every page that shows a matter's file shows it by these. */
import { client, every, told } from './api'
import { language } from './i18n'
import { sha256 } from './ids'
import { speech } from './speech'
import type { Schemas, Told } from './types'

export type Matter = Told<'Matter'>
export type MatterClass = Told<'MatterClass'>
export type Taken = Told<'Taken'>
export type Said = Schemas['MatterStep']
export type StepName = Said['step']

/** The fields that a step needs and may take, beside a note and photos, and the reasons to choose from. */
export interface Takes {
  needs: readonly string[]
  may: readonly string[]
  reasons: readonly string[]
}

/** What somebody may do with a matter in the state that they saw. */
export interface Allowed {
  version: number
  steps: { step: StepName; to: string; takes: Takes }[]
}

export interface MatterFilter {
  area?: string
  open?: boolean
  late?: boolean
}

const words = {
  place: ['位置', 'Place'], reported_at: ['上报', 'Reported'], due: ['时限', 'Due'], review: ['复核', 'Review'], parties: ['协同单位', 'Parties'],
  left: ['剩 {n}', '{n} left'], over: ['超期 {n}', '{n} overdue'], days: ['{n} 天', '{n} d'], hours: ['{n} 小时', '{n} h'], minutes: ['{n} 分钟', '{n} min'],
  steps: ['可办步骤', 'What you may do'], no_steps: ['您现在没有可办的步骤', 'There is nothing for you to do now'],
  history: ['办理经过', 'History'], chain_holds: ['记录链完整', 'The chain of the record holds'], chain_broken: ['记录链不完整', 'The chain of the record is broken'],
  leads_to: ['转为“{stage}”', 'leads to “{stage}”'], take: ['办理', 'Take the step'], cancel: ['取消', 'Cancel'], close: ['关闭', 'Close'],
  moved: ['这件事项刚被他人办理，已读入最新状态，请核对。', 'Somebody has taken a step meanwhile. This is the present state.'],
  taken: ['已办理：{step}', 'Done: {step}'],
  choose: ['请选择', 'Choose'], unchanged: ['不变', 'Unchanged'], whole_team: ['全队', 'The whole team'], photo: ['照片', 'Photo'], photos: ['照片（可不附）', 'Photos (optional)'],
  field_note: ['说明', 'Note'], field_class: ['类别', 'Class'], field_reason: ['原因', 'Reason'], field_review_at: ['复核时间', 'Review at'],
  field_team_id: ['交给队伍', 'To the team'], field_assignee_id: ['队员', 'Member'], field_party: ['单位名称', 'Party'], field_into_id: ['并入', 'Merge into'],
  no_duplicates: ['附近没有相似事项', 'Nothing like it near by'],
  level_grid: ['网格', 'Grid'], level_community: ['社区 / 村', 'Community'], level_township: ['乡镇 / 街道', 'Township'], level_county: ['县 / 市', 'County'], level_prefecture: ['州', 'Prefecture'],
  stage_reported: ['已上报', 'Reported'], stage_filed: ['已立案', 'Filed'], stage_dispatched: ['已派遣', 'Dispatched'], stage_accepted: ['已接办', 'Accepted'],
  stage_handled: ['已处理', 'Handled'], stage_fed_back: ['已反馈', 'Fed back'], stage_verified: ['已核查', 'Verified'], stage_closed: ['已结案', 'Closed'],
  stage_evaluated: ['已评价', 'Evaluated'], stage_returned: ['已退回', 'Returned'], stage_suspended: ['已挂账', 'Suspended'], stage_merged: ['已合并', 'Merged'],
  step_report: ['信息采集', 'Report'], step_file: ['立案', 'File'], step_dispatch: ['派遣', 'Dispatch'], step_accept: ['接办', 'Accept'], step_handle: ['处理', 'Handle'],
  step_feed_back: ['反馈', 'Feed back'], step_verify: ['核查', 'Verify'], step_close: ['结案', 'Close'], step_evaluate: ['评价', 'Evaluate'], step_return: ['退回', 'Return'],
  step_uphold: ['维持退回', 'Uphold the return'], step_overrule: ['驳回退回', 'Overrule the return'], step_suspend: ['挂账', 'Suspend'], step_resume: ['恢复', 'Resume'],
  step_escalate: ['上报上级', 'Escalate'], step_remind: ['提醒', 'Remind'], step_urge: ['催办', 'Urge'], step_supervise: ['督办', 'Supervise'],
  step_add_party: ['增加协同单位', 'Add a party'], step_party_done: ['协同完成', 'Party done'], step_merge: ['合并', 'Merge'], step_reopen: ['重新办理', 'Reopen'], step_note: ['补充说明', 'Add a note'],
  reason_not_ours: ['不属本级', 'Not ours'], reason_wrong_place: ['地点有误', 'Wrong place'], reason_wrong_class: ['类别有误', 'Wrong class'], reason_needs_higher: ['需上级处理', 'Needs a higher level'],
  reason_incomplete: ['信息不全', 'Incomplete'], reason_unfounded: ['不属实', 'Unfounded'], reason_not_solved: ['未解决', 'Not solved'],
  reason_weather: ['天气', 'Weather'], reason_season: ['季节', 'Season'], reason_law: ['法律程序', 'Law'], reason_money: ['资金', 'Money'], reason_third_party: ['第三方', 'Third party'], reason_person_away: ['当事人外出', 'Person away'],
  reason_resolved: ['已解决', 'Resolved'], reason_mediated: ['已调解', 'Mediated'], reason_transferred: ['已移交', 'Transferred'],
  reason_satisfied: ['满意', 'Satisfied'], reason_acceptable: ['基本满意', 'Acceptable'], reason_unsatisfied: ['不满意', 'Unsatisfied'],
  reason_happened_again: ['再次发生', 'Happened again'], reason_closed_by_mistake: ['误结案', 'Closed by mistake'],
} as const

export const { say, sayCode } = speech(words)

export const matters = ({ area, open, late }: MatterFilter): Promise<Matter[]> =>
  every('/api/v1/matters', { area, ...(open !== undefined && { open }), ...(late && { late }) })

const named = (matter_id: string) => ({ params: { path: { matter_id } } })

export function matter(id: string): Promise<Matter> {
  return told(client.GET('/api/v1/matters/{matter_id}', named(id)))
}

export function history(id: string): Promise<{ items: Taken[]; verified: boolean }> {
  return told(client.GET('/api/v1/matters/{matter_id}/steps', named(id)))
}

export async function duplicates(id: string): Promise<Matter[]> {
  return (await told<{ items: Matter[] }>(client.GET('/api/v1/matters/{matter_id}/duplicates', named(id)))).items
}

export async function allowed(id: string): Promise<Allowed> {
  const { version, allowed: led, takes } = await told<Schemas['AllowedSteps']>(client.GET('/api/v1/matters/{matter_id}/steps/allowed', named(id)))
  const steps = Object.entries(led).map(([step, to]) => ({ step: step as StepName, to, takes: takes[step] as Takes }))
  return { version, steps }
}

export async function take(id: string, said: Said): Promise<void> {
  await client.POST('/api/v1/matters/{matter_id}/steps', { ...named(id), body: said })
}

/** Sends photos, and gives the names by which a step tells of them; a photo that is there already is no matter. */
export async function sendPhotos(photos: readonly File[]): Promise<string[]> {
  const names: string[] = []
  for (const photo of photos) {
    const name = await sha256(await photo.arrayBuffer())
    await client.PUT('/api/v1/media/{sha256}', {
      params: { path: { sha256: name } }, headers: { 'Content-Type': photo.type }, body: photo as never,
      bodySerializer: (body: unknown) => body as Blob,
    })
    names.push(name)
  }
  return names
}

let kinds: Promise<MatterClass[]> | undefined

/** The classes that a matter may have; asked for once. */
export function classes(): Promise<MatterClass[]> {
  kinds ??= told<{ items: MatterClass[] }>(client.GET('/api/v1/matter-classes')).then(({ items }) => items, (error: unknown) => {
    kinds = undefined
    throw error
  })
  return kinds
}

export function className(code: string, known: readonly MatterClass[]): string {
  const found = known.find((each) => each.code === code)
  if (!found) return code
  return language.value === 'en' ? found.name_en : found.name_zh
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How long until a limit, or how long past it, in its largest unit. */
export function untilDue(due: string, now: number): { isOver: boolean; text: string } {
  const left = Date.parse(due) - now
  const far = Math.abs(left)
  const n = far >= 2 * DAY ? say('days', { n: Math.floor(far / DAY) })
    : far >= HOUR ? say('hours', { n: Math.floor(far / HOUR) }) : say('minutes', { n: Math.ceil(far / 60_000) })
  return { isOver: left < 0, text: say(left < 0 ? 'over' : 'left', { n }) }
}

/** The fields of a step in the order in which they are asked; a note stands last, unless the step needs it. */
export function fieldsOf({ needs, may }: Takes): { name: string; needed: boolean }[] {
  const named = [...needs, ...may]
  const fields = named.map((name) => ({ name, needed: needs.includes(name) }))
  return named.includes('note') ? fields : [...fields, { name: 'note', needed: false }]
}

/** What is said of a step, without what was left empty; a member is named instead of the whole team. */
export function saidOf(step: StepName, version: number, filled: Readonly<Record<string, string>>, photos: readonly string[] = []): Said {
  const given = Object.entries(filled).filter(([, value]) => value.trim())
  const said = Object.fromEntries(given.map(([name, value]) => [name, value.trim()]))
  if (said.assignee_id) delete said.team_id
  return { ...said, step, version, ...(photos.length && { photos }) } as Said
}
