/** What is heard and felt when a colleague calls for help: two tones made here, thrice, and a vibration. */
import { ref } from 'vue'
import { forget, keep, recall } from './keep'

const KEY = 'muted'
const TONES = [880, 660] // Hz, one after the other
const TIMES = 3
const EACH = 0.35 // s
const EDGE = 0.02 // s in which a tone swells and fades, so that nothing cracks
const LOUD = 0.8
const VIBRATION = [400, 200, 400, 200, 400] // ms on, off, on

/** The member wants no sound; the vibration stays. */
export const isMuted = ref(false)

export async function recallMuted(): Promise<void> {
  isMuted.value = await recall<boolean>(KEY) ?? false
}

export async function mute(on: boolean): Promise<void> {
  isMuted.value = on
  await (on ? keep(KEY, true) : forget(KEY))
}

export class Bell {
  private context: AudioContext | null = null

  constructor(private readonly make: () => AudioContext = () => new AudioContext()) {}

  /** A browser lets a page be heard only after it was touched; each touch may make up for what took the sound away. */
  unlock(): void {
    this.context ??= this.make()
    if (this.context.state !== 'running') void this.context.resume().catch(() => undefined)
  }

  /** Silent on a page that nobody has touched yet. */
  ring(): void {
    if (globalThis.navigator?.userActivation?.hasBeenActive) navigator.vibrate?.(VIBRATION)
    if (isMuted.value || !this.context) return
    void this.context.resume().then(() => this.play(this.context!), () => undefined)
  }

  private play(context: AudioContext): void {
    for (let i = 0; i < TIMES * TONES.length; i += 1) {
      const [from, to] = [context.currentTime + i * EACH, context.currentTime + (i + 1) * EACH]
      const [tone, volume] = [context.createOscillator(), context.createGain()]
      tone.type = 'triangle'
      tone.frequency.value = TONES[i % TONES.length]!
      volume.gain.setValueAtTime(0, from)
      volume.gain.linearRampToValueAtTime(LOUD, from + EDGE)
      volume.gain.setValueAtTime(LOUD, to - EDGE)
      volume.gain.linearRampToValueAtTime(0, to)
      tone.connect(volume).connect(context.destination)
      tone.start(from)
      tone.stop(to)
    }
  }
}
