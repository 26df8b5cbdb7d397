/** The bulletins of each month that were made of the chosen area, the newest first. */
import { every } from '../../shared/api'
import type { Told } from '../../shared/types'
import { asked } from './asked'

type Bulletin = Told<'MonthlyBulletin'>

export const bulletins = asked('matters:export', (area, signal) => every<Bulletin>('/api/v1/matters/bulletins', { area }, signal))
