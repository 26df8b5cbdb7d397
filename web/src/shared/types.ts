/** The shapes the pages read, taken from the API's description. */
import type { components } from './schema'

export type Schemas = components['schemas']

/**
 * A described shape with all its fields there, and some told more precisely than the description can.
 * A field that the API renames no longer fits here, and the type check says so.
 */
export type Told<Name extends keyof Schemas, Precise extends Partial<Record<keyof Schemas[Name], unknown>> = object> =
  Required<Omit<Schemas[Name], keyof Precise>> & Precise

export type Level = 'prefecture' | 'county' | 'township' | 'community'
export type State = Schemas['Measure']['state']
export type Basis = Schemas['Measure']['basis']
export type Grade = keyof Schemas['Grades']
export type Named = Told<'CodeAndName'>
export type TimeWindow = Told<'Window', { from: string; to: string }>

export type Area = Told<'Area', {
  level: Level
  centre: [number, number] | null
  bbox: [number, number, number, number] | null
}>

export type CoverageRow = Told<'Measure', { check_ins: Record<Grade, number>; last_seen_at: string | null }>
export type CoveragePage = Told<'Coverage', { window: TimeWindow; items: CoverageRow[] }>

export type Patrol = Told<'Patrol', { started_at: string | null; ended_at: string | null; last_at: string | null }>

export type GridProperties = Told<'GridDetails', {
  basis: Basis
  community: Named
  township: Named
  county: Named
  valid_from: string | null
  retired_at: string | null
}>
export type GridFeature = Told<'GridWithAreas', {
  geometry: { type: 'Polygon' | 'MultiPolygon'; coordinates: unknown }
  properties: GridProperties
}>

export type Member = Told<'Me', { id: string; area: Named | null }>
/** Whoever is signed in on this page. */
export type Session = Told<'Myself', { id: string; area: Named | null }>
export type SignedIn = Told<'SignIn', { expires_at: string; member: Member }>
export type Enrolment = Told<'Enrolment'>

export type DemoAccount = Told<'Account'>

export type Day = Told<'Day'>
export type OverdueGrid = Told<'OverdueGrid', { due_at: string; last_seen_at: string | null }>
export type Span = Told<'Span', { from: string; to: string }>
export type Hole = Told<'Hole', { spans: Span[] }>
export type MatterCount = Told<'MatterCount'>

export type Alarm = Told<'Alarm', { area: Named | null; due_at: string | null }>
export type AlarmStep = Told<'TakenStep', { by: { id: string; name: string } | null }>
export type FullAlarm = Told<'FullAlarm', {
  area: Named | null
  grid: Named | null
  member: { id: string; name: string } | null
  position: { lon: number; lat: number } | null
  due_at: string | null
  told: Record<string, number>
  steps: AlarmStep[]
}>
