import { existsSync, readFileSync } from 'node:fs'
import { describeMachine, type Machine } from './machine.ts'
import { type Comparison, figure, type Outcome } from './outcome.ts'

/** What `npm run bench` writes to bench/results.json. */
export interface Results {
  readonly machine: Machine
  readonly benchmarks: readonly Outcome[]
}

export const resultsFile = new URL('../results.json', import.meta.url)

/** The figures of the last run that was kept; `undefined` where there are none. */
export function readResults (): Results | undefined {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) as Results : undefined
}

const header = ['| What | tuberlens | Compared with | Ratio | Aim |', '|---|---|---|---|---|']

function row ({ what, unit, tuberlens, other, otherName, ratio, aim }: Comparison): string {
  return `| ${what} | ${figure(tuberlens)} ${unit} | ${otherName}: ${figure(other)} ${unit} | ${figure(ratio)} | ${aim === undefined ? '' : figure(aim)} |`
}

const notYet = 'Not measured yet: `npm run bench`.'

/** The comparisons that an aim was set for, of all benchmarks, as Markdown with the machine below. */
export function shortTable (results: Results | undefined): string {
  if (results === undefined) return notYet
  const { machine, benchmarks } = results
  const rows = benchmarks.flatMap(({ comparisons }) => comparisons.filter(({ aim }) => aim !== undefined).map(row))
  return [...header, ...rows, '', `Measured by \`npm run bench\` on: ${describeMachine(machine)}.`].join('\n')
}

/** Everything, a table for each benchmark. */
export function fullTables (results: Results | undefined): string {
  if (results === undefined) return notYet
  const { machine, benchmarks } = results
  return [
    `Measured by \`npm run bench\` on: ${describeMachine(machine)}.`,
    ...benchmarks.flatMap(({ benchmark, claim, comparisons, skipped }) => [
      '', `### ${benchmark}`, '', `${claim.replace(/\.$/, '')}.`, '',
      ...comparisons.length === 0 ? [] : [...header, ...comparisons.map(row)],
      ...(skipped ?? []).flatMap(reason => ['', `Not compared: ${reason}`]),
    ]),
  ].join('\n')
}
