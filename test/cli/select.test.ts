import t from 'tap'
import { runCli } from '../helpers/cli.ts'
import { dataPath } from '../helpers/data.ts'

t.test('a table says what would be analysed and why', async t => {
  const flair = dataPath(t, 'mr-dicom/philips-flair-axial')
  const epi = dataPath(t, 'mr-dicom/philips-t2star-epi')
  if (flair === undefined || epi === undefined) return
  const { code, stdout } = await runCli(['select', flair, epi])
  t.equal(code, 0)
  t.match(stdout, /^401 .* 22 .* yes, FLAIR \(primary\) .*TI 2500/m)
  t.match(stdout, /^501 .* 22 .* no .*gradient echo/m)
})

t.test('evidence is listed on request, and JSON holds all of it', async t => {
  const epi = dataPath(t, 'mr-dicom/philips-t2star-epi')
  if (epi === undefined) return
  const text = await runCli(['select', epi, '--evidence'])
  t.equal(text.code, 4, 'nothing to analyse')
  t.match(text.stdout, /ScanningSequence = /)
  const { stdout } = await runCli(['select', epi, '--json'])
  const [series] = JSON.parse(stdout) as { verdict: string, reason: { code: string }, evidence: unknown[], primary: boolean }[]
  t.match(series, { verdict: 'rejected', reason: { code: 'gradient-echo' }, primary: false })
  t.ok(series!.evidence.length > 0)
})

t.test('nothing to read is said', async t => {
  t.match(await runCli(['select', t.testdir({ a: 'text' })]), { code: 3, stderr: /1 file, which is not readable DICOM/ })
  t.match(await runCli(['select']), { code: 2 })
})
