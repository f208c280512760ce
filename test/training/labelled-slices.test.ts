import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'fast-png'
import t from 'tap'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import type { EvaluationItem } from '../../src/training/evaluation-slice.ts'
import { readLabelledSet } from '../../src/training/labelled-set.ts'
import { labelledSlices } from '../../src/training/labelled-slices.ts'
import { niftiBytes, smallFlair } from './small-head.ts'

const preprocessing: Preprocessing = {
  width: 56, height: 56, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
}
const fixtures = join(import.meta.dirname, '../../fixtures')
const decoder = createDecoder({ timeoutMs: 30_000 })
let folder: string

t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  for (const name of ['flair', 'masks', 'pictures', 'picture-masks', 'empty', 'volumes']) await mkdir(join(folder, name))
  for (const number of ['0001', '0002', '0003', '0004']) await cp(join(fixtures, 'flair', `IM-${number}.dcm`), join(folder, 'flair', `IM-${number}.dcm`))
  await writeFile(join(folder, 'flair', 'readme.txt'), 'not DICOM')
  const head = (bright: number) => encode({
    width: 64, height: 64, channels: 1, depth: 8, data: Uint8Array.from({ length: 64 * 64 }, (_, i) => Math.hypot(i % 64 - 32, Math.floor(i / 64) - 32) < 24 ? bright : 0),
  })
  for (const name of ['a.png', 'b.png']) await writeFile(join(folder, 'pictures', name), head(150))
  await writeFile(join(folder, 'blank.png'), encode({ width: 8, height: 8, channels: 1, depth: 8, data: new Uint8Array(64) }))
  await writeFile(join(folder, 'picture-masks', 'b.png'), head(255))
  await writeFile(join(folder, 'jpg.jpg'), await decoder.encodeJpeg({ width: 64, height: 64, data: Uint8Array.from({ length: 4096 }, (_, i) => i % 64 * 3) }, 95))
  const flair = smallFlair()
  await writeFile(join(folder, 'head_FLAIR.nii'), niftiBytes(flair))
  await writeFile(join(folder, 'volumes', 'other.nii'), niftiBytes(flair))
  const tumour = smallFlair()
  tumour.data.fill(0)
  tumour.data.fill(1, 10 * 112 * 112, 10 * 112 * 112 + 8000)
  await writeFile(join(folder, 'mask.nii'), niftiBytes(tumour))
  await writeFile(join(folder, 'short.nii'), niftiBytes({ ...flair, size: [112, 112, 2], data: flair.data.subarray(0, 2 * 112 * 112) }))
})
t.teardown(async () => {
  await decoder.close()
  await rm(folder, { recursive: true, force: true })
})

async function itemsOf (text: string, options: { signal?: AbortSignal, onRow?: (done: number, total: number) => void } = {}): Promise<EvaluationItem[]> {
  await writeFile(join(folder, 'labels.csv'), text)
  const out: EvaluationItem[] = []
  for await (const item of labelledSlices(await readLabelledSet(join(folder, 'labels.csv')), { preprocessing, decoder, ...options })) out.push(item)
  return out
}
const outcomes = (items: readonly EvaluationItem[]) => items.map(item => 'outcome' in item ? `${item.outcome}: ${item.reason.text}` : item.label)

t.test('a DICOM folder is a series, as analyze selects it; its slices of a positive series are not labelled one by one', async t => {
  const rows: number[][] = []
  const items = await itemsOf('file,patient,label\nflair,p,1\n', { onRow: (...counts) => rows.push(counts) })
  t.same(rows, [[1, 1]])
  t.equal(items.length, 4)
  t.ok(items.every(item => 'raster' in item && item.ofSeries === true && item.label === 1 && item.contrast === 'FLAIR'))
  t.equal(new Set(items.map(item => item.series)).size, 1)
  t.match(items[0]!.series, /^p\/series \d+ \(1\)\/FLAIR$/)
  t.ok(items[0]!.vendor !== undefined && items[0]!.source === 'flair')
  const free = await itemsOf('file,patient,label,vendor\nflair,p,0,ACME\n')
  t.ok(free.every(item => item.label === 0 && item.ofSeries === undefined && item.vendor === 'ACME'), 'a tuber-free series says what its slices are')
})

t.test('single DICOM files with labels of their own make up one series', async t => {
  const items = await itemsOf('file,patient,label\nflair/IM-0002.dcm,p,1\nflair/IM-0001.dcm,p,0\nflair/IM-0003.dcm,p,0\n')
  t.same(items.map(item => item.label).sort(), [0, 0, 1])
  t.ok(items.every(item => item.ofSeries === undefined))
  t.equal(new Set(items.map(item => item.series)).size, 1)
})

t.test('a folder of masks labels the slices of a DICOM series', async t => {
  const [first] = await itemsOf('file,patient,label\nflair,p,0\n')
  t.ok(first !== undefined)
  const white = encode({ width: 160, height: 192, channels: 1, depth: 8, data: new Uint8Array(160 * 192).fill(255) })
  await writeFile(join(folder, 'masks', 'IM-0002.png'), white)
  const items = await itemsOf('file,patient,label,mask\nflair,p,1,masks\n')
  const failed = items.filter(item => 'outcome' in item)
  const sized = failed.length === 0 ? items.filter(item => 'mask' in item) : failed
  t.equal(sized.length, 1, 'the one slice with a mask: of its size, or refused for it')
  t.ok(failed.length === 0 || /a mask has 160 × 192/.test(String(outcomes(failed)[0])))
  t.equal(items.filter(item => item.label === 0).length, 3, 'the others have none')
})

t.test('pictures, with masks and in folders', async t => {
  const items = await itemsOf('file,patient,label,mask,series,contrast\njpg.jpg,p,1,,x,T2\npictures/b.png,p,1,picture-masks/b.png,,\npictures,q,1,picture-masks,,\npictures,r,1,,,\n')
  t.same(outcomes(items), [1, 1, 0, 1, 1, 1])
  t.same(items.map(item => item.series), ['p/x', 'p/slices', 'q/pictures', 'q/pictures', 'r/pictures', 'r/pictures'])
  t.same(items.map(item => item.ofSeries), [undefined, undefined, undefined, undefined, true, true])
  t.same(items.map(item => 'mask' in item), [false, true, false, true, false, false])
  const masked = items[1] as { mask: Float32Array }
  t.ok(masked.mask[28 * 56 + 28] === 1 && masked.mask[0] === 0)
})

t.test('volumes: their masks say which slices have tubers', async t => {
  const items = await itemsOf('file,patient,label,mask\nhead_FLAIR.nii,p,1,mask.nii\n')
  const judged = items.filter(item => 'raster' in item)
  t.same(items.filter(item => item.label === 1).map(item => item.index), [10])
  t.ok(judged.length > 20 && judged.every(item => item.contrast === 'FLAIR' && item.series === 'p/head_FLAIR'))
  t.equal(judged.filter(item => item.mask !== undefined).length, 1)
  const inFolder = await itemsOf('file,patient,label\nvolumes,p,1\n')
  t.ok(inFolder.length === 28 && inFolder.every(item => item.label === 1 && item.ofSeries === true && item.contrast === 'unknown'))
})

t.test('what cannot be used is an item with its reason, and the others go on', async t => {
  const items = await itemsOf([
    'file,patient,label,mask', 'absent.png,p,0,', 'blank.png,p,0,', 'empty,p,0,', 'labels.csv,p,0,', 'head_FLAIR.nii,p,1,short.nii', 'jpg.jpg,p,1,blank.png',
    'jpg.jpg,p,0,', '',
  ].join('\n'))
  t.match(outcomes(items), [
    /failed: .*may not be read/, /undetermined: The image has one value/, /failed: the folder holds no DICOM/, /failed/, /failed: a mask has 112×112×2 voxels/, /failed: a mask has 8 × 8/, 0,
  ])
  const t1 = await itemsOf('file,patient,label\nspecial,p,0\n')
  t.match(outcomes(t1), [/failed/])
})

t.test('it stops when told to', async t => {
  await t.rejects(itemsOf('file,patient,label\njpg.jpg,p,0\n', { signal: AbortSignal.abort() }), { code: 'interrupted' })
})
