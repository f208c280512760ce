import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'fast-png'
import t from 'tap'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import type { LabelledSamples } from '../../src/training/labelled-samples.ts'
import { readSamples } from '../../src/training/labelled-samples.ts'
import { readLabelledSet } from '../../src/training/labelled-set.ts'
import { labelledSource, plainBatches } from '../../src/training/labelled-source.ts'
import { niftiBytes, smallFlair } from './small-head.ts'

const preprocessing: Preprocessing = {
  width: 32, height: 32, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [-1, 1], channels: 'equal',
}
const fixtures = join(import.meta.dirname, '../../fixtures')
const decoder = createDecoder({ timeoutMs: 30_000 })
const grey = (data: Uint8Array): Uint8Array => encode({ width: 32, height: 32, channels: 1, depth: 8, data })

let folder: string
t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  await mkdir(join(folder, 'series'))
  for (const number of ['0001', '0002', '0003']) await cp(join(fixtures, 'flair', `IM-${number}.dcm`), join(folder, 'series', `IM-${number}.dcm`))
  for (const [name, level] of [['a', 40], ['b', 200]] as const) {
    await writeFile(join(folder, `${name}.png`), grey(Uint8Array.from({ length: 1024 }, (_, i) => level + (i % 32))))
  }
  const mask = new Uint8Array(1024)
  for (let y = 8; y < 16; y++) mask.fill(255, y * 32 + 16, y * 32 + 24)
  await writeFile(join(folder, 'mask.png'), grey(mask))
  await writeFile(join(folder, 'blank.png'), grey(new Uint8Array(1024)))
  await writeFile(join(folder, 'head_FLAIR.nii'), niftiBytes(smallFlair()))
  const spot = smallFlair()
  spot.data.fill(0)
  // rows 40 to 79, columns 20 to 39 of the 11th slice
  for (let y = 40; y < 80; y++) spot.data.fill(1, (10 * 112 + y) * 112 + 20, (10 * 112 + y) * 112 + 40)
  await writeFile(join(folder, 'spot.nii'), niftiBytes(spot))
})
t.teardown(async () => {
  await decoder.close()
  await rm(folder, { recursive: true, force: true })
})

async function samplesOf (rows: string): Promise<LabelledSamples> {
  await writeFile(join(folder, 'labels.csv'), `file,patient,label,mask\n${rows}\n`)
  return await readSamples(await readLabelledSet(join(folder, 'labels.csv')), { preprocessing, decoder })
}

t.test('DICOM series, volumes and pictures are read, each with what is known of it', async t => {
  const { samples, leftOut } = await samplesOf('series,d,0,\nhead_FLAIR.nii,n,1,spot.nii\na.png,p,1,mask.png\nb.png,q,0,')
  const of = (patient: string) => samples.filter(sample => sample.patient === patient)
  t.equal(of('d').length, 3)
  t.ok(of('d').every(({ label, mask }) => label === 0 && mask === undefined))
  const slices = of('n')
  t.equal(slices.length, 28)
  t.equal(slices.filter(({ label }) => label === 1).length, 1, 'the mask says which slice has the tuber')
  t.same([...leftOut.keys()], [])
  const [a] = of('p')
  t.same([Math.round(a!.picture[0]! / 257), Math.round(a!.picture[31]! / 257)], [40, 71], '0..65535 over black to white, whatever the model\'s range')
  t.equal(a!.mask?.reduce((sum, value) => sum + value, 0), 64 * 255)
})

t.test('what cannot teach is left out with its reason, and a set of nothing else is refused', async t => {
  const { samples, leftOut } = await samplesOf('series,d,1,\nabsent.png,e,0,\na.png,p,0,')
  t.equal(samples.length, 1)
  t.same([...leftOut.values()].sort(), [1, 3])
  t.ok([...leftOut.keys()].some(reason => reason.includes('which slices of the series')))
  await t.rejects(samplesOf('blank.png,p,0,'), { code: 'training-data-invalid', message: /no slice of the labelled set can be used/ })
})

t.test('batches hold every slice in a pass, moved but labelled alike; plain ones as they are', async t => {
  const { samples } = await samplesOf('a.png,x,1,mask.png\nb.png,y,0,')
  const still = { rotation: 0, shift: 0, shear: 0, zoom: 0, horizontalFlip: false }
  const source = labelledSource(samples, { preprocessing, batchSize: 2, seed: 1, augmentation: still })
  t.teardown(() => source.close())
  const batch = await source.batch(0)
  t.same([...batch.labels].sort(), [0, 1])
  t.ok(Buffer.from(batch.pictures.buffer).equals(Buffer.from((await source.batch(0)).pictures.buffer)), 'repeatable')
  const [plain] = plainBatches(samples, preprocessing, 8)
  t.equal(plain!.count, 2)
  const close = (found: number, level: number): void => { t.ok(Math.abs(found - (2 * level / 255 - 1)) < 1e-4, `${found} is ${level}`) }
  close(plain!.pictures[0]!, 40)
  close(plain!.pictures.at(-1)!, 231)
  // cells of 8 × 8 pixels: the mask fills the one in row 1, column 2
  t.same([...plain!.cells.subarray(0, 16)].map(value => value > 0.9 ? 1 : 0), [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})

t.test('a mask moves with its picture', async t => {
  // the tuber is the only bright thing, so that picture and mask must stay alike
  const spot = new Uint8Array(1024)
  for (let y = 8; y < 16; y++) spot.fill(255, y * 32 + 16, y * 32 + 24)
  await writeFile(join(folder, 'spot.png'), grey(spot.map((value, i) => value === 0 ? 20 + i % 3 : value)))
  const { samples } = await samplesOf('spot.png,x,1,mask.png')
  const source = labelledSource(samples, { preprocessing, batchSize: 6, seed: 2 })
  const { pictures, cells } = await source.batch(0)
  const positions = new Set<string>()
  for (let n = 0; n < 6; n++) {
    let most = 0
    for (let i = 0; i < 1024; i++) if (pictures[(n * 1024 + i) * 3]! > pictures[(n * 1024 + most) * 3]!) most = i
    const [x, y] = [most % 32, Math.floor(most / 32)]
    positions.add(`${x},${y}`)
    t.ok(cells[n * 16 + Math.floor(y / 8) * 4 + Math.floor(x / 8)]! > 0.5, `the brightest pixel ${x}, ${y} lies in a cell of the mask`)
  }
  t.ok(positions.size > 1, 'it moves')
})
