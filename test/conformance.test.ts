import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { conformanceTables } from '../scripts/conformance-tables.ts'
import { withTables } from '../scripts/readme-tables.ts'
import { failureReasons, warningReasons } from '../src/dicomweb/store-response.ts'
import { openapi } from './service/support/openapi.ts'

const folder = resolve(import.meta.dirname, '../docs')
const statement = readFileSync(resolve(folder, 'conformance.md'), 'utf8')

t.test('the tables of the conformance statement are those of the code (npm run readme)', async t => {
  t.equal(statement, withTables(statement, conformanceTables))
})

t.test('a table without its marks is found', async t => {
  const name = Object.keys(conformanceTables)[0]!
  t.throws(() => withTables(statement.replace(`<!-- end of ${name} -->`, ''), conformanceTables), { message: new RegExp(name) })
})

t.test('every reason that tuberlens may give, and every status of a route, is in the statement', async t => {
  for (const { code } of [...Object.values(failureReasons), ...Object.values(warningReasons)]) {
    t.match(statement, `| ${code.toString(16).toUpperCase().padStart(4, '0')} | ${code} |`)
  }
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const method of Object.keys(item).filter(key => key !== 'parameters')) t.match(statement, `\`${method.toUpperCase()} ${path}\``)
  }
})

t.test('the codes that PS3.18 Annex I leaves to the implementation are explained', async t => {
  for (const code of ['A901', 'A701', 'C001', 'C002', '0111']) t.match(statement, new RegExp(`^- \\*\\*${code}\\*\\*: `, 'm'))
})

t.test('every file that the conformance statement links to exists', async t => {
  const links = [...statement.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(match => match[1]!)
  t.ok(links.length > 0)
  t.strictSame(links.filter(link => !existsSync(resolve(folder, link.replace(/#.*/, '')))), [])
})
