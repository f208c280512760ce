/** What a benchmark measured, side by side in one run: printed as a table, and as JSON with `--json FILE`. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

/** One line of a benchmark. `ratio` is how many times better tuberlens did than `other`; 1 is equal. */
export interface Comparison {
  readonly what: string
  readonly unit: string
  readonly tuberlens: number
  readonly other: number
  readonly otherName: string
  readonly ratio: number
  /** The least ratio that is aimed at, where one is. */
  readonly aim?: number
}

export interface Outcome {
  /** The script's name without its ending. */
  readonly benchmark: string
  /** What the figures say, in a sentence. */
  readonly claim: string
  readonly comparisons: readonly Comparison[]
  /** What could not be compared here, and why. A comparison that was left out is not one that was won. */
  readonly skipped?: readonly string[]
}

/** Three digits, as far as they say something. */
export const figure = (value: number): string => value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

/** The middle value; of an even number the upper of the two in the middle. */
export function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new RangeError('median of nothing')
  return middle
}

/** One line of text. */
export function lineOf ({ what, unit, tuberlens, other, otherName, ratio, aim }: Comparison): string {
  const wanted = aim === undefined ? '' : ratio >= aim ? `  (aim ${figure(aim)})` : `  (aim ${figure(aim)} not reached)`
  return `${what}: ${figure(tuberlens)} ${unit}, ${otherName} ${figure(other)} ${unit}, ratio ${figure(ratio)}${wanted}`
}

/** Prints the outcome, and writes it to the file that `--json` names on the command line. */
export async function report (outcome: Outcome): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } }, strict: false })
  const skipped = (outcome.skipped ?? []).map(reason => `skipped: ${reason}`)
  process.stdout.write([outcome.claim, ...outcome.comparisons.map(lineOf), ...skipped, ''].join('\n'))
  if (typeof values.json === 'string') await writeFile(values.json, JSON.stringify(outcome, null, 1) + '\n')
}
