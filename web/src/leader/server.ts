/** What a leader asks of the server about duty, and tells it. */
import { client, every, told } from '../shared/api'
import type { GridFeature, Schemas, Told } from '../shared/types'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const ROLL_OPEN = 10 // minutes that a spot check waits for answers

export type { GridFeature }
export type Team = Told<'Team', { id: string }>
export type Member = Told<'Member', { id: string }>
export type Assignment = Told<'Assignment'>
export type Step = Told<'Step', { before: Record<string, unknown> | null }>
export type Shift = Told<'Shift'>
export type Swap = Told<'Swap'>
export type Roll = Told<'Roll'>
export type Season = Told<'Season'>
export type Tally = Told<'Tally'>
export type Notice = Told<'Notice'>
export type Line = Told<'SuggestedLine'>
export type Answer = Told<'Answer', { lines: Line[] }>
export type Suggestion = Told<'Suggestion', { id: string; answer: Answer | null }>
export type Limits = Schemas['Limits']
export type NewAssignment = Schemas['NewAssignment']
export type AssignmentChange = Schemas['AssignmentChange']
export type Report = Told<'BulkReport'>

export interface Window { from: string; to: string }
export interface Hole extends Told<'Hole', { spans: Window[] }> {
  why: 'declined' | 'other_times' | 'nobody'
}
/** What stands against an assignment: another team's times in a grid. */
export interface Taken { code: string; team: { id: string; name: string } | null; spans: Window[] }

export const gridsOf = (area: string): Promise<GridFeature[]> => every('/api/v1/grids', { area })
export const teamsOf = (area?: string): Promise<Team[]> => every('/api/v1/teams', { area })
export const membersOf = (team: string): Promise<Member[]> => every(`/api/v1/teams/${team}/members`)
export const assignmentsIn = (area: string): Promise<Assignment[]> => every('/api/v1/assignments', { area })
export const shiftsOn = (on: string, area: string): Promise<Shift[]> => every('/api/v1/shifts', { on, area })
export const holesIn = (area: string, { from, to }: Window): Promise<Hole[]> => every('/api/v1/duty/uncovered', { area, from, to })
export const askedSwaps = (): Promise<Swap[]> => every('/api/v1/swaps', { state: 'asked' })
export const notices = (): Promise<Notice[]> => every('/api/v1/notices')
export const fulfilment = (area: string, by: 'grid' | 'team', { from, to }: Window): Promise<Tally[]> =>
  every('/api/v1/duty/fulfilment', { area, by, from, to })

export async function seasons(): Promise<Season[]> {
  return (await told<{ items: Season[] }>(client.GET('/api/v1/assignments/seasons'))).items
}

export function assign(body: NewAssignment): Promise<Assignment> {
  return told(client.POST('/api/v1/assignments', { body }))
}

const named = (assignment_id: string) => ({ params: { path: { assignment_id } } })

/** An assignment as it is now, and the name of that state. */
export async function assignment(id: string): Promise<{ now: Assignment; etag: string }> {
  const answer = await client.GET('/api/v1/assignments/{assignment_id}', named(id))
  return { now: answer.data as Assignment, etag: answer.response.headers.get('ETag') ?? '' }
}

export function change(id: string, etag: string, body: AssignmentChange): Promise<Assignment> {
  return told(client.PATCH('/api/v1/assignments/{assignment_id}', { params: { path: { assignment_id: id }, header: { 'If-Match': etag } }, body }))
}

export function end(id: string, note: string | null): Promise<Assignment> {
  return told(client.POST('/api/v1/assignments/{assignment_id}/end', { ...named(id), body: { at: null, note } }))
}

export function handOver(id: string, to: { team_id: string; member_id: string | null; note: string }): Promise<Assignment> {
  return told(client.POST('/api/v1/assignments/{assignment_id}/hand-over', { ...named(id), body: { at: null, ...to } }))
}

export async function history(id: string): Promise<Step[]> {
  return (await told<{ items: Step[] }>(client.GET('/api/v1/assignments/{assignment_id}/history', named(id)))).items
}

export function shift(shift_id: string): Promise<Shift> {
  return told(client.GET('/api/v1/shifts/{shift_id}', { params: { path: { shift_id } } }))
}

export function decide(swap_id: string, approved: boolean): Promise<Swap> {
  return told(client.POST('/api/v1/swaps/{swap_id}/decision', { params: { path: { swap_id } }, body: { approved } }))
}

export async function callRoll(shift_id: string): Promise<void> {
  await client.POST('/api/v1/shifts/{shift_id}/spot-checks', { params: { path: { shift_id } }, body: { minutes: ROLL_OPEN } })
}

export async function rolls(shift_id: string): Promise<Roll[]> {
  return (await told<{ items: Roll[] }>(client.GET('/api/v1/shifts/{shift_id}/spot-checks', { params: { path: { shift_id } } }))).items
}

export function suggest(body: Schemas['Question']): Promise<Suggestion> {
  return told(client.POST('/api/v1/assignments/suggest', { body }))
}

export function suggestion(suggestion_id: string): Promise<Suggestion> {
  return told(client.GET('/api/v1/assignments/suggest/{suggestion_id}', { params: { path: { suggestion_id } } }))
}

export async function apply(suggestion_id: string): Promise<number> {
  const way = client.POST('/api/v1/assignments/suggest/{suggestion_id}/apply', { params: { path: { suggestion_id } } })
  return (await told<{ items: string[] }>(way)).items.length
}

export function sendNotice(body: Schemas['NewNotice']): Promise<Notice> {
  return told(client.POST('/api/v1/notices', { body }))
}

/** A table of assignments; with `dry_run` it is only told what would be made, row by row. */
export function bulk(table: File, dry_run: boolean): Promise<Report> {
  const headers = { 'Content-Type': table.name.endsWith('.xlsx') ? XLSX : 'text/csv' }
  return told(client.POST('/api/v1/assignments/bulk', {
    params: { query: { dry_run } }, headers, body: table as never, bodySerializer: (body: unknown) => body as Blob,
  }))
}
