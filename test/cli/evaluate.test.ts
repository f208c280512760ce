import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'fast-png'
import t from 'tap'
import { loadModel } from '../../src/model/load-model.ts'
import { runCli } from '../helpers/cli.ts'
import { dataPath } from '../helpers/data.ts'
import { tinyModel } from '../model/support.ts'
import { niftiBytes, smallFlair, smallHead } from '../training/small-head.ts'

let folder: string
t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  for (const name of ['maps', 'free', 'canvases/anna']) await mkdir(join(folder, name), { recursive: true })
  await cp(tinyModel, join(folder, 'model'), { recursive: true })
  await writeFile(join(folder, 'maps', 'head.nii'), niftiBytes(smallHead()))
  for (const name of ['a', 'b', 'c']) await writeFile(join(folder, 'free', `${name}_FLAIR.nii`), niftiBytes(smallFlair(name === 'b' ? 3 : 0)))
  // the tumour of c stands in slice 10: slices 8 to 12 do not count
  const tumour = smallFlair()
  tumour.data.fill(0)
  tumour.data[10 * 112 * 112 + 56 * 112 + 56] = 1
  await writeFile(join(folder, 'free', 'c_FLAIR_tumourmask.nii'), niftiBytes(tumour))
  await writeFile(join(folder, 'canvases/anna', 'study1_FLAIR.nii'), niftiBytes(smallFlair()))
})
t.teardown(() => rm(folder, { recursive: true, force: true }))

const evaluate = (...args: string[]) => runCli(['evaluate', '--model', join(folder, 'model'), ...args])

t.test('tuber-free series are counted without slices near a tumour, and calibrate the manifest', async t => {
  const { code, stdout, stderr } = await evaluate('--tuber-free', join(folder, 'free'), '--specificity', '0.9', '--write', '--record', 'test', '--json')
  t.equal(code, 0, stderr)
  const made = JSON.parse(stdout) as { tuberFree: { slices: number, series: number }, proposal: { threshold: number, seriesRule: unknown } }
  t.equal(made.tuberFree.slices, 28 + 28 + 23)
  t.equal(made.tuberFree.series, 3)
  const classifier = await loadModel(join(folder, 'model'), { engine: 'auto' })
  const { manifest } = classifier
  await classifier.close()
  t.ok(Math.abs(manifest.output.threshold - made.proposal.threshold) < 1e-4, 'the manifest is still valid and calibrated')
  t.same(manifest.seriesRule, made.proposal.seriesRule)
  t.ok('test.falsePositiveRate' in manifest.metrics)
})

t.test('one part of the patients calibrates, the other tests', async t => {
  const count = async (part: string): Promise<number> =>
    (JSON.parse((await evaluate('--tuber-free', join(folder, 'free'), '--part', part, '--json')).stdout) as { tuberFree: { slices: number } }).tuberFree.slices
  t.equal(await count('1/2') + await count('2/2'), 79)
  t.equal(await count('2/2'), 28)
})

t.test('synthetic and labelled slices give the figures as text', async t => {
  const synthetic = await evaluate('--label-maps', join(folder, 'maps'), '--count', '8')
  t.equal(synthetic.code, 0, synthetic.stderr)
  t.match(synthetic.stdout, /sensitivity +specificity/)
  await runCli(['synthesize', '--label-maps', join(folder, 'maps'), '--count', '6', '--out', join(folder, 'slices')])
  const labelled = await evaluate('--labelled', join(folder, 'slices', 'labels.csv'))
  t.equal(labelled.code, 0, labelled.stderr)
  t.match(labelled.stdout, /all +6 +1/)
})

t.test('a labelled folder gives a page, JSON and charts; what could not be used is named, and the exit code says so', async t => {
  const cohort = join(folder, 'cohort')
  await mkdir(cohort, { recursive: true })
  await cp(join(import.meta.dirname, '../../fixtures/flair'), join(cohort, 'flair'), { recursive: true })
  for (const name of ['a', 'b']) await cp(join(folder, 'free', `${name}_FLAIR.nii`), join(cohort, `${name}_FLAIR.nii`))
  await writeFile(join(cohort, 'labels.csv'), 'file,patient,label\nflair,"<Anna>",1\na_FLAIR.nii,b,0\nb_FLAIR.nii,c,0\nabsent.dcm,d,0\n')
  const out = join(folder, 'report')
  const { code, stdout, stderr } = await evaluate('--labelled', join(cohort, 'labels.csv'), '--specificity', '0.95', '--spoil', '8', '--out', out)
  t.equal(code, 5, stderr)
  t.match(stdout, /failed +1 +absent\.dcm/)
  t.match(stdout, /count with their series only/)
  t.match(stdout, /nothing was changed/)
  const page = await readFile(join(out, 'evaluation.html'), 'utf8')
  t.notMatch(page, /<script|<link|src=|https?:\/\/(?!www\.w3\.org)/, 'nothing is loaded from elsewhere')
  t.match(page, /lang="en"/)
  t.match(page, /&lt;Anna&gt;/)
  t.notMatch(page, /<Anna>|undefined|NaN/)
  t.notMatch(page, new RegExp(folder), 'no folder of this machine')
  t.equal([...page.matchAll(/<table>/g)].length, [...page.matchAll(/<caption>/g)].length, 'every table says what it holds')
  const json = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8')) as { slices: unknown[], perPatient: { count: number }, model: { name: string } }
  t.ok(json.slices.length > 20 && json.model.name.length > 0)
  t.match(await readFile(join(out, 'roc.svg'), 'utf8'), /^<svg xmlns/)
  t.match(await readFile(join(out, 'reliability.svg'), 'utf8'), /role="img"/)
})

t.test('what the slices look like is fitted and written, and then told from others', async t => {
  const free = join(folder, 'free')
  await cp(tinyModel, join(folder, 'fitted'), { recursive: true })
  const run = (...args: string[]) => runCli(['evaluate', '--model', join(folder, 'fitted'), '--tuber-free', free, ...args])
  const fit = await run('--distribution', '--write', '--accept', '0.95', '--specificity', '0.95', '--calibrate-on', 'FLAIR')
  t.equal(fit.code, 0, fit.stderr)
  t.match(fit.stdout, /distribution: FLAIR.* limit [\d.]+ for 0\.95/)
  await mkdir(join(folder, 'others'), { recursive: true })
  await writeFile(join(folder, 'others', 'stripes.png'), encode({
    width: 64, height: 64, channels: 1, depth: 8, data: Uint8Array.from({ length: 4096 }, (_, i) => Math.floor(i / 64) % 16 < 8 ? 250 : 5),
  }))
  const { code, stdout, stderr } = await run('--unlike', join(folder, 'others'), '--spoil', '10')
  t.equal(code, 0, stderr)
  t.match(stdout, /others +1 of 1 +100\.0 %/)
  t.match(stdout, /blank +(\d+) of \1 +100\.0 %/)
  const strict = JSON.parse((await run('--distribution', '--accept', '0.5', '--json')).stdout) as { outOfDistribution: { given: { caught: number } }, tuberFree: { slices: number } }
  t.ok(strict.outOfDistribution.given.caught > 0)
  t.equal(strict.tuberFree.slices, 79 - strict.outOfDistribution.given.caught, 'the figures are those of the new rule')
  t.match(fit.stdout, /for a specificity of 0\.95 on FLAIR[\s\S]*left out of the calibration/)
  const made = JSON.parse((await run('--json', '--specificity', '0.95')).stdout) as { outOfDistribution: { given: { slices: number, caught: number } }, threshold: number, proposal: { threshold: number } }
  t.ok(Math.abs(made.threshold - made.proposal.threshold) < 1e-4, 'what the rule keeps out had no say in the threshold that was written')
  t.ok(made.outOfDistribution.given.caught / made.outOfDistribution.given.slices <= 0.25)
})

t.test('every patient is judged by the network of its fold', async t => {
  const free = join(folder, 'free')
  for (const name of ['fold-b', 'fold-ac']) await cp(tinyModel, join(folder, name), { recursive: true })
  const out = join(folder, 'folds')
  const run = (...args: string[]) => runCli(['evaluate', '--tuber-free', free, ...args])
  const folds = ['--fold', `b=${join(folder, 'fold-b')}`, '--fold', `a,c=${join(folder, 'fold-ac')}`]
  const { code, stderr, stdout } = await run(...folds, '--out', out, '--json')
  t.equal(code, 0, stderr)
  t.match(stderr, /b: judged by fold-b/)
  const made = JSON.parse(stdout) as { model: { folds: unknown[] }, tuberFree: { slices: number } }
  t.match(made.model.folds, [{ name: 'fold-b', patients: ['b'], slices: 28 }, { name: 'fold-ac', patients: ['a', 'c'], slices: 51 }])
  t.equal(made.tuberFree.slices, 79)
  const page = await readFile(join(out, 'evaluation.html'), 'utf8')
  t.match(page, /Which network judged whom/)
  t.match(page, /--fold b=fold-b --fold a,c=fold-ac/)
  t.notMatch(page, new RegExp(folder), 'no folder of this machine')
  const rest = await run('--model', join(folder, 'model'), ...folds.slice(0, 2), '--json')
  t.match(JSON.parse(rest.stdout), { model: { folds: [{ patients: ['b'] }, { name: 'model', patients: ['a', 'c'] }] } })
  t.match((await run(...folds.slice(0, 2))).stderr, /is in no fold/)
  t.match((await run('--fold', 'b')).stderr, /--fold is PATIENT/)
  t.match((await run('--fold', `b=${join(folder, 'absent')}`)).stderr, /no readable manifest/)
  t.match((await run(...folds, '--specificity', '0.9', '--write')).stderr, /need --model/)
})

t.test('Ctrl-C ends it, and nothing is written', async t => {
  const result = await runCli(['evaluate', '--model', join(folder, 'model'), '--tuber-free', join(folder, 'free'), '--out', join(folder, 'stopped')], {}, AbortSignal.abort())
  t.equal(result.code, 130)
  await t.rejects(readFile(join(folder, 'stopped', 'evaluation.html')))
})

t.test('a real patient gives the paired test', async t => {
  const canvases = dataPath(t, 'mr-nifti/open-ms')
  if (canvases === undefined) return
  const { code, stdout, stderr } = await evaluate('--canvases', canvases, '--patients', 'patient09', '--repeats', '2', '--difficulty', 'easy,moderate', '--check-maps', '12', '--json')
  t.equal(code, 0, stderr)
  const { paired, mapChecks } = JSON.parse(stdout) as {
    paired: Record<string, { implanted: number, without: number, auc: number }>, mapChecks: Record<string, { randomised: { slices: number } }>
  }
  for (const map of ['grad-cam', 'saliency']) t.ok(mapChecks[map]!.randomised.slices > 0, map)
  t.ok(paired['easy']!.without > 10 && paired['easy']!.implanted > 10)
  t.ok(paired['easy']!.auc >= 0 && paired['easy']!.auc <= 1)
})

t.test('a real DICOM series is read as analyze reads it, known lesions left out', async t => {
  const series = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (series === undefined) return
  const made = JSON.parse((await evaluate('--tuber-free', series, '--exclude-slices', '5-13', '--json')).stdout) as { tuberFree: { slices: number } }
  t.equal(made.tuberFree.slices, 22 - 9)
})

t.test('what is missing or wrong is told', async t => {
  const fails = async (args: readonly string[], code: number, message: RegExp): Promise<void> => {
    const result = await runCli(['evaluate', ...args])
    t.equal(result.code, code)
    t.match(result.stderr, message)
  }
  const model = ['--model', join(folder, 'model')]
  await fails([], 2, /--model/)
  await fails([...model, '--engine', 'abacus'], 2, /--engine/)
  await fails([...model, '--write'], 2, /--specificity/)
  await fails([...model, '--maps', 'colour'], 2, /--maps/)
  await fails(['--check-maps', '2', '--fold', `a=${join(folder, 'model')}`], 2, /for one --model/)
  await fails([...model, '--tuber-free', join(folder, 'free'), '--specificity', '0.9', '--calibrate-on', 'T2'], 2, /no tuber-free slice of T2/)
  await writeFile(join(folder, 'none.csv'), 'file,patient,label\nabsent.png,a,0\n')
  await fails([...model, '--labelled', join(folder, 'none.csv')], 3, /of 1, the first: the file does not exist/)
  await fails([...model, '--part', '3/2'], 2, /--part/)
  await fails([...model, '--exclude-slices', 'all'], 2, /--exclude-slices/)
  await fails([...model], 3, /no slice/)
  await fails([...model, '--canvases', join(folder, 'canvases'), '--difficulty', 'hard'], 2, /--difficulty/)
  await fails(['--model', folder], 6, /manifest/)
  await fails([...model, '--tuber-free', join(folder, 'absent')], 3, /cannot be read/)
  await mkdir(join(folder, 'empty'))
  await fails([...model, '--tuber-free', join(folder, 'empty')], 3, /no NIfTI/)
})
