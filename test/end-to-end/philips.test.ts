import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCli } from '../helpers/cli.ts'
import { dataPath } from '../helpers/data.ts'
import { requireTool } from '../helpers/tools.ts'
import { assertDciodvfy, assertDsrdump, assertPydicomStrict } from '../helpers/validators.ts'

t.test('every result of the Philips FLAIR series passes the validators', { timeout: 300_000 }, async t => {
  const series = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (series === undefined) return
  for (const tool of ['dciodvfy', 'dsrdump', '/usr/bin/python3']) if (!requireTool(t, tool)) return
  const out = join(t.testdir(), 'out')
  t.equal((await runCli(['analyze', series, '--out', out])).code, 0, 'with the model that comes with the program')
  const files = readdirSync(out).sort().map(name => join(out, name))
  t.equal(files.length, 1 + 22 + 22 + 1)
  for (const file of files) assertDciodvfy(t, file)
  for (const file of files.filter(name => name.endsWith('report.dcm'))) assertDsrdump(t, file)
  assertPydicomStrict(t, files)
})
