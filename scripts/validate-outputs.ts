/** npm run validate-outputs: makes every result object of every kind of source, and prints what the validators say. */
import { sources } from '../test/validation/sources.ts'
import { validate, verdictTable } from '../test/validation/run.ts'

const [word = ''] = process.argv.slice(2)
const validation = await validate(sources.filter(({ name }) => name.toLowerCase().includes(word.toLowerCase())), name => process.stderr.write(`${name}\n`))
process.stdout.write(`${verdictTable(validation)}\n`)
const complaints = validation.judged.flatMap(({ source, complaints }) =>
  Object.entries(complaints).flatMap(([judge, texts]) => texts.map(text => `${source.name}: ${judge}: ${text}`)))
for (const text of complaints) process.stdout.write(`\n${text}`)
process.stdout.write(`\n${complaints.length} complaints\n`)
process.exitCode = complaints.length === 0 ? 0 : 1
