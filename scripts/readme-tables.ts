import { readFileSync, writeFileSync } from 'node:fs'
import { fullTables, readResults, shortTable } from '../bench/support/results.ts'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { configTable } from '../src/config.ts'
import { sopClasses } from '../src/dicom/sop-classes.ts'
import { transferSyntaxes } from '../src/dicom/transfer-syntaxes.ts'
import { conformanceTables } from './conformance-tables.ts'
import { rows } from './markdown-table.ts'

type Tables = Readonly<Record<string, () => string>>

/** The tables of the README that repeat what the code holds. `npm run readme` writes them; test/readme.test.ts compares them. */
export const readmeTables: Tables = {
  'configuration table': () => configTable().trim(),
  'exit code table': () => rows(['Code', 'Meaning'], Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning])),
  'performance table': () => shortTable(readResults()),
  'SOP class table': () => rows(['SOP class', 'UID'], sopClasses.filter(({ mr }) => mr !== undefined).map(({ name, uid }) => [name, `\`${uid}\``])),
  'transfer syntax table': () => rows(
    ['Transfer syntax', 'UID', 'Pixels'],
    transferSyntaxes.map(({ name, uid, lossy }) => [name, `\`${uid}\``, lossy ? 'may be lossy' : 'exact']),
  ),
}

/** Those of docs/performance.md. */
export const performanceTables: Tables = { 'performance tables': () => fullTables(readResults()) }

/** Puts the tables between their marks. @throws Error when a mark is missing */
export function withTables (document: string, tables: Tables = readmeTables): string {
  return Object.entries(tables).reduce((text, [name, render]) => {
    const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end of ${name} -->)`)
    if (!pattern.test(text)) throw new Error(`the document has no marks for the ${name}`)
    return text.replace(pattern, (_, open: string, close: string) => `${open}\n${render()}\n\n${close}`)
  }, document)
}

if (process.argv[2] === '--write') {
  const documents = [
    ['../README.md', readmeTables], ['../docs/conformance.md', conformanceTables], ['../docs/performance.md', performanceTables],
  ] as const
  for (const [path, tables] of documents) {
    const file = new URL(path, import.meta.url)
    writeFileSync(file, withTables(readFileSync(file, 'utf8'), tables))
  }
}
