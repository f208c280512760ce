import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode } from 'fast-png'
import t from 'tap'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { runCli } from '../helpers/cli.ts'

t.test('the demo sends the synthetic study, waits, and writes every result with its picture', { timeout: 240_000 }, async t => {
  const out = join(t.testdir(), 'out')
  const { code, stdout, stderr } = await runCli(['demo', '--out', out])
  t.equal(code, 0, stderr)
  const names = readdirSync(out)
  const count = (pattern: RegExp) => names.filter(name => pattern.test(name)).length
  t.strictSame([count(/report\.dcm$/), count(/grad-cam-\d{3}\.dcm$/), count(/saliency-\d{3}\.dcm$/), count(/summary.*\.dcm$/)], [2, 24, 24, 1])
  t.equal(count(/\.png$/), 24 + 24 + 1)
  t.match(stdout, /AI FLAIR tubers +(Present|Absent|Undetermined) +Series 3/)
  t.match(stdout, /AI T2 tubers +(Present|Absent|Undetermined) +Series 4/)
  t.match(stdout, /research use only/)
  t.match(stderr, /sending by STOW-RS[^]*waiting for the reports[^]*fetching by WADO-RS/)

  const name = names.find(one => /flair-grad-cam-006\.dcm$/.test(one))!
  const { attributes, pixelData } = readInstance(readFileSync(join(out, name)))
  const png = decode(readFileSync(join(out, name.replace('.dcm', '.png'))))
  t.strictSame([png.width, png.height, png.channels], [attributes.number('Columns'), attributes.number('Rows'), 3])
  t.ok(Buffer.from(png.data.buffer, png.data.byteOffset, png.data.byteLength).equals(Buffer.from((await pixelData.frame(1)).slice(0, png.data.length))), 'the picture is that of the object')
})

t.test('an option that the demo does not know is refused', async t => {
  t.match(await runCli(['demo', '--port', '1']), { code: 2, stderr: /port/ })
})
