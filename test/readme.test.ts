import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { performanceTables, withTables } from '../scripts/readme-tables.ts'

const root = resolve(import.meta.dirname, '..')
const readme = readFileSync(resolve(root, 'README.md'), 'utf8')

t.test('the tables of the README are those of the code (npm run readme)', async t => {
  t.equal(readme, withTables(readme))
})

t.test('the tables of docs/performance.md are those of bench/results.json (npm run readme)', async t => {
  const document = readFileSync(resolve(root, 'docs/performance.md'), 'utf8')
  t.equal(document, withTables(document, performanceTables))
})

t.test('every file that the README links to exists', async t => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(match => match[1]!)
  t.ok(links.length > 3)
  t.strictSame(links.filter(link => !existsSync(resolve(root, link.replace(/#.*/, '')))), [])
})

t.test('every npm script that the README and CONTRIBUTING name exists', async t => {
  const { scripts } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const text = readme + readFileSync(resolve(root, 'CONTRIBUTING.md'), 'utf8')
  const named = [...text.matchAll(/npm (?:run )?(test|start|demo|check|fixtures|readme|bench|run [\w:-]+)/g)].map(match => match[1]!.replace('run ', ''))
  t.ok(named.length > 3)
  t.strictSame(named.filter(name => !(name in scripts)), [])
})
