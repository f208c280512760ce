import { type Comparison, figure, type Outcome } from './outcome.ts'
import { describeMachine, type Machine } from './machine.ts'

/** What `npm run bench` writes to bench/results.json. */
export interface Results {
  readonly machine: Machine
  readonly benchmarks: readonly Outcome[]
}

const header = ['| What | tuberlens | Compared with | Ratio | Aim |', '|---|---|---|---|---|']

function row ({ what, unit, tuberlens, other, otherName, ratio, aim }: Comparison): string {
  return `| ${what} | ${figure(tuberlens)} ${unit} | ${otherName}: ${figure(other)} ${unit} | ${figure(ratio)} | ${aim === undefined ? '' : figure(aim)} |`
}

/** The comparisons that an aim was set for, of all benchmarks, as Markdown with the machine below. */
export function shortTable ({ machine, benchmarks }: Results): string {
  const rows = benchmarks.flatMap(({ comparisons }) => comparisons.filter(({ aim }) => aim !== undefined).map(row))
  return [...header, ...rows, '', `Measured by \`npm run bench\` on: ${describeMachine(machine)}.`].join('\n')
}

/** Everything, a table for each benchmark. */
export function fullTables ({ machine, benchmarks }: Results): string {
  return [
    `Measured by \`npm run bench\` on: ${describeMachine(machine)}.`,
    ...benchmarks.flatMap(({ benchmark, claim, comparisons, skipped }) => [
      '', `### ${benchmark}`, '', `${claim}.`, '',
      ...comparisons.length === 0 ? [] : [...header, ...comparisons.map(row)],
      ...(skipped ?? []).flatMap(reason => ['', `Not compared: ${reason}`]),
    ]),
  ].join('\n')
}
