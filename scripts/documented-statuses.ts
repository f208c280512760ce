/**
 * Lists the statuses that openapi.yaml documents and that no test saw: `node scripts/documented-statuses.ts ANSWER_LOG`, after the
 * tests ran with ANSWER_LOG set to that file. Ends with 1 when there are any.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'

/** Answers of hooks that stand before every route: one test is for all routes. */
const common = new Set(['429'])

const { paths } = parse(readFileSync(resolve(import.meta.dirname, '../openapi.yaml'), 'utf8'), { merge: true }) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses?: Readonly<Record<string, unknown>> }>>>>
}
const seen = new Set(readFileSync(process.argv[2] ?? '', 'utf8').split('\n'))
const seenAnywhere = new Set([...seen].map(line => line.split(' ').at(-1)!))
const documented = Object.entries(paths).flatMap(([path, item]) => Object.entries(item).flatMap(([method, { responses }]) =>
  Object.keys(responses ?? {}).map(status => ({ line: `${method.toUpperCase()} ${path} ${status}`, status }))))
const untested = documented.filter(({ line, status }) => common.has(status) ? !seenAnywhere.has(status) : !seen.has(line))
for (const { line } of untested) process.stdout.write(`no test sees ${line}\n`)
process.stdout.write(`${documented.length - untested.length} of ${documented.length} documented statuses are tested\n`)
process.exitCode = untested.length === 0 ? 0 : 1
