/** The sound of a call for help; silent until somebody on this page has asked for it, as browsers want it. */
import { ref } from 'vue'

const EVERY = 2_500 // ms
const NOTES = [880, 660] // Hz
const LONG = 0.22 // s

export const canBeHeard = ref(false)
let speaker: AudioContext | undefined
let timer: ReturnType<typeof setInterval> | undefined
let isWanted = false

function strike(): void {
  if (!speaker) return
  const { currentTime } = speaker
  NOTES.forEach((frequency, i) => {
    const [tone, loudness] = [speaker!.createOscillator(), speaker!.createGain()]
    const start = currentTime + i * LONG
    tone.frequency.value = frequency
    loudness.gain.setValueAtTime(0.25, start)
    loudness.gain.exponentialRampToValueAtTime(0.001, start + LONG)
    tone.connect(loudness).connect(speaker!.destination)
    tone.start(start)
    tone.stop(start + LONG)
  })
}

function follow(): void {
  const rings = isWanted && canBeHeard.value
  if (rings === Boolean(timer)) return
  clearInterval(timer)
  timer = rings ? setInterval(strike, EVERY) : undefined
  if (rings) strike()
}

/** Whether it should be heard now. */
export function ring(on: boolean): void {
  isWanted = on
  follow()
}

/** Turned on and off by the person at the page. */
export async function switchSound(): Promise<void> {
  speaker ??= new AudioContext()
  await speaker.resume()
  canBeHeard.value = !canBeHeard.value
  if (canBeHeard.value && !isWanted) strike()
  follow()
}
