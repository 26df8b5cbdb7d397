/** A colour for each team; none of them is the orange of what nobody has. */
const COLOURS = ['#4fb3d9', '#7cc490', '#b3aadf', '#d9c06a', '#5f8fe0', '#d58ab8', '#58c4b8', '#a9b665'] as const

export const OPEN = '#f0803c'
export const PLAIN = '#5a6d7d'

export function colourAt(index: number): string {
  return COLOURS[index % COLOURS.length] ?? PLAIN
}
