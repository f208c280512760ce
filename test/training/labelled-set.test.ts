import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'fast-png'
import t from 'tap'
import { checkPatientWise, readLabelledSet, readPicture, splitPatients } from '../../src/training/labelled-set.ts'
import { labelledSource, plainBatches } from '../../src/training/labelled-source.ts'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'

const preprocessing: Preprocessing = {
  width: 32, height: 32, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
}

let folder: string
t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  for (const [name, grey] of [['a', 40], ['b', 200]] as const) {
    await writeFile(join(folder, `${name}.png`), encode({ width: 32, height: 32, channels: 1, depth: 8, data: new Uint8Array(1024).fill(grey) }))
  }
  const mask = new Uint8Array(1024)
  for (let y = 8; y < 16; y++) mask.fill(255, y * 32 + 16, y * 32 + 24)
  await writeFile(join(folder, 'mask.png'), encode({ width: 32, height: 32, channels: 1, depth: 8, data: mask }))
})
t.teardown(() => rm(folder, { recursive: true, force: true }))

const csv = async (text: string): Promise<string> => {
  const path = join(folder, 'labels.csv')
  await writeFile(path, text)
  return path
}

t.test('a CSV is read in any order of columns, paths beside it', async t => {
  const files = await readLabelledSet(await csv('\uFEFFlabel,file,"patient",mask,set\n1,a.png,"Doe, J",mask.png,train\r\n0,b.png,x,,validation\n'))
  const none = { contrast: undefined, series: undefined, vendor: undefined }
  t.same(files, [
    { file: 'a.png', path: join(folder, 'a.png'), patient: 'Doe, J', label: 1, mask: join(folder, 'mask.png'), ...none, set: 'train' },
    { file: 'b.png', path: join(folder, 'b.png'), patient: 'x', label: 0, mask: undefined, ...none, set: 'validation' },
  ])
})

t.test('what cannot be used is refused with its line', async t => {
  const refuses = async (text: string, message: RegExp) => t.rejects(readLabelledSet(await csv(text)), { code: 'training-data-invalid', message })
  await refuses('file,label\na.png,1\n', /no column "patient"/)
  await refuses('file,patient,label\na.png,x,1\nb.png,x,yes\n', /line 3 .*label/)
  await refuses('file,patient,label\n,x,1\n', /line 2 .*empty/)
  await refuses('file,patient,label,set\na.png,x,1,best\n', /line 2 .*set/)
  await refuses('file,patient,label\n', /no file/)
  await refuses('file,patient,label,set\na.png,x,1,train\nb.png,x,0,test\n', /two sets/)
  await t.rejects(readLabelledSet(join(folder, 'absent.csv')), { code: 'input-unreadable' })
})

t.test('no patient is in two sets', async t => {
  t.doesNotThrow(() => checkPatientWise([{ patient: 'a', set: 'train' }, { patient: 'b', set: 'test' }, { patient: 'a', set: undefined }]))
  t.same(splitPatients(['a', 'b', 'c', 'd'], ['b'], ['d']), ['a', 'c'])
  t.throws(() => splitPatients(['a', 'b'], ['b'], ['b']), { message: /both/ })
  t.throws(() => splitPatients(['a', 'b'], ['z'], []), { message: /not in the data/ })
  t.throws(() => splitPatients(['a', 'b'], ['a'], ['b']), { message: /no patient is left/ })
})

t.test('a picture that cannot be opened is told', async t => {
  await t.rejects(readPicture(join(folder, 'absent.png'), { decode: () => Promise.reject(new Error('not asked')) }), { code: 'input-unreadable' })
})

t.test('batches hold every file in a pass, moved but labelled alike; plain ones as they are', async t => {
  const files = await readLabelledSet(await csv('file,patient,label,mask\na.png,x,1,mask.png\nb.png,y,0,\n'))
  const still = { rotation: 0, shift: 0, shear: 0, zoom: 0, horizontalFlip: false }
  const source = labelledSource(files, { preprocessing, batchSize: 2, seed: 1, augmentation: still })
  t.teardown(() => source.close())
  const batch = await source.batch(0)
  t.same([...batch.labels].sort(), [0, 1])
  t.ok(Buffer.from(batch.pictures.buffer).equals(Buffer.from((await source.batch(0)).pictures.buffer)), 'repeatable')
  const [plain] = await plainBatches(files, preprocessing, 8)
  t.equal(plain!.count, 2)
  t.ok(Math.abs(plain!.pictures[0]! - 40 / 255) < 1e-6 && Math.abs(plain!.pictures.at(-1)! - 200 / 255) < 1e-6)
  // cells of 8 × 8 pixels: the mask fills the one in row 1, column 2
  t.same([...plain!.cells.subarray(0, 16)].map(value => value > 0.9 ? 1 : 0), [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})
