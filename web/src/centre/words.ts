/** Words of the cards for drills and bulletins. */
import { speech } from '../shared/speech'

const words = {
  drills: ['警铃演练', 'Alarm drills'],
  drills_due: ['演练到期 {n}', '{n} drills due'],
  drills_about: [
    '每个县每月至少演练一次。演练通知辖区各队队长和正在同他们一起巡逻的队员，警铃上标明“演练”，不逐级上报。',
    'Each county holds a drill at least once a month. It calls out the leaders of the teams there and whoever walks with them, is marked as a drill, and climbs no levels.',
  ],
  drill_never: ['从未演练', 'Never held'],
  drill_last: ['上次 {at}', 'Last on {at}'],
  drill_due: ['到期', 'Due'],
  drill_hold: ['开始演练', 'Hold a drill'],
  drill_sure: ['现在向{area}发出演练警铃？', 'Call out a drill in {area} now?'],
  drill_yes: ['发出演练警铃', 'Call out the drill'],
  drill_no: ['取消', 'Cancel'],
  drill_begun: ['演练已开始，通知了 {n} 人', 'The drill has begun; {n} people are told'],

  bulletins: ['办理情况通报', 'Bulletins of matters'],
  monthly: ['月度通报', 'Monthly'],
  monthly_none: ['还没有。每月 1 日生成上个月的。', 'None yet. Each is made on the first of the next month.'],
  monthly_above: ['月度通报按县和州编制。', 'Made for counties and the prefecture.'],
  on_demand: ['即时通报', 'On demand'],
  of_class: ['类别', 'Class'],
  all_classes: ['全部类别', 'All classes'],
  first_day: ['从', 'From'],
  last_day: ['到', 'To'],
  wrong_days: ['开始不能晚于结束', 'It must not begin after it ends'],
  pdf: ['下载 PDF', 'Download PDF'],
} as const

export const { say } = speech(words)
