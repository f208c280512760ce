import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import t from 'tap'
import { runCli } from '../helpers/cli.ts'
import { dataPath } from '../helpers/data.ts'

const model = resolve(import.meta.dirname, '../../fixtures/tiny-model')

const hashes = (folder: string) => readdirSync(folder).sort().map(name =>
  `${name} ${createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')}`)

t.test('the Philips FLAIR series gives 1 report, 22 and 22 heatmaps and a summary, the same bytes twice', async t => {
  const series = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (series === undefined) return
  const folder = t.testdir()
  const first = await runCli(['analyze', series, '--out', join(folder, 'a'), '--model', model])
  t.equal(first.code, 0, first.stderr)
  const names = readdirSync(join(folder, 'a'))
  const count = (pattern: RegExp) => names.filter(name => pattern.test(name)).length
  t.strictSame([count(/-report\.dcm$/), count(/-grad-cam-\d{3}\.dcm$/), count(/-saliency-\d{3}\.dcm$/), count(/^summary\.dcm$/), names.length], [1, 22, 22, 1, 46])
  t.match(first.stdout, /401 .* FLAIR +22 /)
  t.match(first.stdout, /Research use only/)
  t.equal((await runCli(['analyze', series, '--out', join(folder, 'b'), '--model', model])).code, 0)
  t.strictSame(hashes(join(folder, 'b')), hashes(join(folder, 'a')))
})

t.test('JSON holds every probability, and methods none writes no heatmap', async t => {
  const file = dataPath(t, 'mr-dicom/nema-wg04/MR1_UNC')
  if (file === undefined) return
  const folder = t.testdir()
  const { code, stdout } = await runCli(['analyze', file, '--out', join(folder, 'o'), '--model', model, '--json', '--methods', 'none', '--time', '2026-01-31T10:00:00Z', '--png'])
  t.equal(code, 0)
  const result = JSON.parse(stdout) as { studies: { conclusion: string, series: { contrast: string, slices: { kind: string, probability: number }[] }[] }[], files: { kind: string }[] }
  t.equal(result.studies[0]!.series[0]!.contrast, 'T2')
  t.equal(result.studies[0]!.conclusion, 'undetermined', 'one slice is too few for the rule')
  const [slice] = result.studies[0]!.series[0]!.slices
  t.ok(slice!.probability > 0 && slice!.probability < 1)
  t.strictSame(result.files.map(({ kind }) => kind), ['summary', 'sr'])
  t.strictSame(readdirSync(join(folder, 'o')).sort(), ['1-t2-report.dcm', 'summary.dcm', 'summary.png'])
})

t.test('a report as PDF, key objects and FHIR are written when asked for, the same bytes twice', async t => {
  const folder = t.testdir()
  const flair = resolve(import.meta.dirname, '../../fixtures/flair')
  const analyze = async (out: string) => await runCli(['analyze', flair, '--out', join(folder, out), '--model', model, '--methods', 'grad-cam', '--heatmap-scope', 'top-2', '--sc-compression', 'rle', '--pdf', '--key-objects', '--fhir', '--json'])
  const { code, stdout, stderr } = await analyze('a')
  t.equal(code, 0, stderr)
  const kinds = (JSON.parse(stdout) as { files: { kind: string }[] }).files.map(({ kind }) => kind)
  t.strictSame(kinds, ['grad-cam', 'grad-cam', 'summary', 'key-objects', 'pdf', 'sr'])
  const names = readdirSync(join(folder, 'a')).filter(name => !name.includes('grad-cam')).sort()
  t.strictSame(names, ['1-flair-report.dcm', 'fhir.json', 'key-objects.dcm', 'report.dcm', 'report.pdf', 'summary.dcm'])
  t.equal(readFileSync(join(folder, 'a/report.pdf'), 'latin1').slice(0, 8), '%PDF-1.7')
  const bundle = JSON.parse(readFileSync(join(folder, 'a/fhir.json'), 'utf8')) as { entry: { resource: { resourceType: string } }[] }
  t.equal(bundle.entry.filter(({ resource }) => resource.resourceType === 'Observation').length, 1 + 1 + 12)
  t.equal((await analyze('b')).code, 0)
  t.strictSame(hashes(join(folder, 'b')), hashes(join(folder, 'a')))
})

t.test('bad input gets its own message and exit code', async t => {
  const folder = t.testdir({ empty: '', 'notes.txt': 'not an image', folder: {} })
  const out = ['--out', join(folder, 'out'), '--model', model]
  const cases: [string[], number, RegExp][] = [
    [[join(folder, 'empty')], 3, /empty: .*empty/],
    [[join(folder, 'notes.txt')], 3, /notes\.txt: .*not a DICOM file/],
    [[join(folder, 'folder')], 3, /there are no files/],
    [[folder], 3, /2 files, none of them readable DICOM/],
    [[join(folder, 'absent')], 3, /absent cannot be opened/],
    [[], 2, /needs at least one file/],
    [[folder, '--nonsense'], 2, /nonsense/],
    [[folder, '--methods', 'magic'], 2, /--methods knows grad-cam/],
    [[folder, '--engine', 'steam'], 2, /--engine must be/],
    [[folder, '--device', 'abacus'], 2, /--device must be cpu or cuda, not "abacus"/],
    [[folder, '--device', 'cuda', '--engine', 'tensorflow'], 2, /--device cuda is for onnxruntime/],
    [[folder, '--sr-scope', 'patient'], 2, /--sr-scope must be series or study, not "patient"/],
    [[folder, '--sc-compression', 'jpeg'], 2, /--sc-compression must be none or rle, not "jpeg"/],
    [[folder, '--heatmap-scope', 'top-0'], 2, /--heatmap-scope must be all, .*not "top-0"/],
    [[folder, '--time', 'noon'], 2, /--time must be/],
    [[folder, '--stow', 'ftp://pacs'], 2, /--stow must be/],
  ]
  for (const [args, code, message] of cases) {
    const result = await runCli(['analyze', ...args, ...out])
    t.equal(result.code, code, args.join(' '))
    t.match(result.stderr, message)
  }
  t.match(await runCli(['analyze', folder]), { code: 2, stderr: /needs --out/ })
})

t.test('a CT, a T1 series and a series with one corrupt slice', async t => {
  const special = resolve(import.meta.dirname, '../../fixtures/special')
  const out = ['--out', join(t.testdir(), 'out'), '--model', model]
  t.match(await runCli(['analyze', join(special, 'ct.dcm'), ...out]), { code: 4, stdout: /not analysed: series 20 .*Modality is CT, not MR/ })
  t.match(await runCli(['analyze', join(special, 't1'), ...out]), { code: 4, stdout: /not analysed: .*T1/ })
  const corrupt = await runCli(['analyze', join(special, 'corrupt-series'), ...out])
  t.equal(corrupt.code, 5)
  t.match(corrupt.stdout, /FLAIR +4 +\d+ +1 /, 'three slices have a result, one has none')
  t.match(corrupt.stdout, /image 3: failed: .*RLE/)
  const heatmaps = readdirSync(join(t.testdirName, 'out')).filter(name => name.includes('grad-cam'))
  t.strictSame(heatmaps, ['1-flair-grad-cam-001.dcm', '1-flair-grad-cam-002.dcm', '1-flair-grad-cam-004.dcm'])
})

t.test('one bad file never costs the others', async t => {
  const good = dataPath(t, 'mr-dicom/nema-wg04/MR1_UNC')
  if (good === undefined) return
  const folder = t.testdir()
  copyFileSync(good, join(folder, 'good'))
  writeFileSync(join(folder, 'cut'), readFileSync(good).subarray(0, 200_000))
  const { code, stdout, stderr } = await runCli(['analyze', join(folder, 'good'), join(folder, 'cut'), '--out', join(folder, 'out'), '--model', model])
  t.equal(code, 5)
  t.match(stderr, /cut: .*PixelData/)
  t.match(stdout, /T2 +1 /)
})

t.test('a series that is not T2 or FLAIR, a missing model and a PACS that is away', async t => {
  const t1 = dataPath(t, 'mr-dicom/t1-axial-sparse-headers')
  const t2 = dataPath(t, 'mr-dicom/nema-wg04/MR1_UNC')
  if (t1 === undefined || t2 === undefined) return
  const out = join(t.testdir(), 'out')
  t.match(await runCli(['analyze', t1, '--out', out, '--model', model]), { code: 4, stdout: /not analysed: series 401/ })
  t.match(await runCli(['analyze', t2, '--out', out, '--model', join(out, 'none')]), { code: 6, stderr: /manifest\.json/ })
  t.match(await runCli(['analyze', t2, '--out', out, '--model', model, '--methods', 'none', '--stow', 'http://127.0.0.1:9/dicom-web']), { code: 7, stderr: /2 of 2 objects were not stored/ })
})

t.test('Ctrl-C ends with 130', async t => {
  const t2 = dataPath(t, 'mr-dicom/nema-wg04/MR1_UNC')
  if (t2 === undefined) return
  mkdirSync(join(t.testdir(), 'x'))
  t.match(await runCli(['analyze', t2, '--out', join(t.testdirName, 'out'), '--model', model], {}, AbortSignal.abort()), { code: 130, stderr: /stopped/ })
})
