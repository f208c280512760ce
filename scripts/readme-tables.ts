import { readFileSync, writeFileSync } from 'node:fs'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { configTable } from '../src/config.ts'
import { sopClasses } from '../src/dicom/sop-classes.ts'
import { transferSyntaxes } from '../src/dicom/transfer-syntaxes.ts'

/** The tables of the README that repeat what the code holds. `npm run readme` writes them; test/readme.test.ts compares them. */
export const readmeTables: Readonly<Record<string, () => string>> = {
  'configuration table': () => configTable().trim(),
  'exit code table': () => rows(['Code', 'Meaning'], Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning])),
  'SOP class table': () => rows(['SOP class', 'UID'], sopClasses.filter(({ mr }) => mr !== undefined).map(({ name, uid }) => [name, `\`${uid}\``])),
  'transfer syntax table': () => rows(
    ['Transfer syntax', 'UID', 'Pixels'],
    transferSyntaxes.map(({ name, uid, lossy }) => [name, `\`${uid}\``, lossy ? 'may be lossy' : 'exact']),
  ),
}

/** Puts the tables between their marks. @throws Error when a mark is missing */
export function withTables (readme: string): string {
  return Object.entries(readmeTables).reduce((text, [name, render]) => {
    const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end of ${name} -->)`)
    if (!pattern.test(text)) throw new Error(`the README has no marks for the ${name}`)
    return text.replace(pattern, (_, open: string, close: string) => `${open}\n${render()}\n\n${close}`)
  }, readme)
}

function rows (head: readonly string[], body: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...body].map(row => `| ${row.join(' | ')} |`).join('\n')
}

if (process.argv[2] === '--write') {
  const path = new URL('../README.md', import.meta.url)
  writeFileSync(path, withTables(readFileSync(path, 'utf8')))
}
