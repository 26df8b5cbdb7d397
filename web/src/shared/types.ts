/** The shapes the pages read from the API. */

export type Level = 'prefecture' | 'county' | 'township' | 'community'
export type State = 'seen' | 'partly' | 'unseen' | 'no_evidence'
export type Basis = 'area' | 'checkpoints'
export type Grade = 'A' | 'B' | 'C' | 'D'

export interface Named {
  code: string
  name: string
}

export interface Area extends Named {
  level: Level
  name_en: string | null
  parent: string | null
  centre: [number, number] | null
  bbox: [number, number, number, number] | null
  grids: number
  children: number
}

export interface CoverageRow extends Named {
  basis: Basis
  area_m2: number
  share_seen: number
  share_no_evidence: number
  state: State
  visits: number
  person_minutes: number
  check_ins: Record<Grade, number>
  last_seen_at: string | null
}

export interface TimeWindow {
  from: string
  to: string
}

export interface CoveragePage {
  window: TimeWindow
  items: CoverageRow[]
  next_cursor: string | null
}

export interface AreaPage {
  items: Area[]
  next_cursor: string | null
}

export interface GridFeature {
  type: 'Feature'
  geometry: { type: 'Polygon' | 'MultiPolygon'; coordinates: unknown }
  properties: Named & {
    basis: Basis
    area_m2: number
    community: Named
    township: Named
    county: Named
    valid_from: string | null
    retired_at: string | null
  }
}

export interface Member {
  id: string
  name: string
  role: string
  area: Named | null
}

export interface SessionAnswer {
  token: string
  expires_at: string
  member: Member
}

export interface DemoAccount {
  role: string
  username: string
  password: string
  area: string | null
  page: string | null
}
