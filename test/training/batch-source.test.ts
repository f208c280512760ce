import { createHash } from 'node:crypto'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import { threadedSource } from '../../src/training/batch-source.ts'
import { Synthesizer } from '../../src/training/synthesizer.ts'
import { readLabelMaps } from '../../src/training/tissue-volume.ts'
import type { TrainingBatch } from '../../src/training/training-batch.ts'
import { drawBatch, variedWindow } from '../../src/training/training-batch.ts'
import { Random } from '../../src/training/random.ts'
import { niftiBytes, smallHead } from './small-head.ts'

const digest = ({ pictures, labels, cells }: TrainingBatch): string =>
  createHash('sha256').update(pictures).update(labels).update(cells).digest('hex')

const preprocessing: Preprocessing = {
  width: 224, height: 224, voi: { from: 'percentiles', low: 1, high: 99.5 }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'normalized',
}

t.test('threads draw the batches that one thread would, in the order asked for', async t => {
  const labelMaps = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => rm(labelMaps, { recursive: true }))
  await mkdir(labelMaps, { recursive: true })
  await writeFile(join(labelMaps, 'head.nii'), niftiBytes(smallHead()))
  const source = threadedSource({ labelMaps, patients: ['head'], seed: 3, batchSize: 2, preprocessing, varied: true }, 2, 1)
  t.teardown(() => source.close())
  const maps = await readLabelMaps(labelMaps)
  const synthesizer = new Synthesizer({ labelMaps: maps, canvases: [], seed: 3 })
  for (const index of [0, 1]) t.equal(digest(await source.batch(index)), digest(drawBatch(synthesizer, preprocessing, index * 2, 2, true)))
})

t.test('what goes wrong in a thread is told to whoever asks', async t => {
  const source = threadedSource({ labelMaps: join(tmpdir(), 'no-such-folder'), patients: [], seed: 1, batchSize: 1, preprocessing, varied: false })
  t.teardown(() => source.close())
  await t.rejects(source.batch(0))
  await t.rejects(source.batch(9))
})

t.test('the window is varied about the manifest\'s percentiles only', async t => {
  for (let i = 0; i < 50; i++) {
    const { voi } = variedWindow(new Random(i), preprocessing)
    t.ok(voi.from === 'percentiles' && voi.low >= 0 && voi.low <= 4 && voi.high >= 97 && voi.high <= 99.9)
  }
  t.same(variedWindow(new Random(1), { ...preprocessing, voi: { from: 'header' } }).voi, { from: 'header' })
})
