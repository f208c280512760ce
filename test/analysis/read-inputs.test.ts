import { copyFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { groupByStudy } from '../../src/analysis/group-by-study.ts'
import { readInputs } from '../../src/analysis/read-inputs.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')

t.test('folders are read with all that is in them, each instance once', async t => {
  const progress: string[] = []
  const inputs = await readInputs([join(fixtures, 'flair'), fixtures], { onProgress: (done, total) => progress.push(`${done}/${total}`) })
  t.equal(inputs.duplicates, 12, 'the FLAIR series was named twice')
  t.ok(inputs.passedOver > 3, 'scripts, a model and texts lie there too')
  t.strictSame(inputs.unusable.map(({ error }) => error.code), ['dicom-truncated'], 'a cut DICOM file is named even in a folder')
  const [first, last] = [progress[0]!, progress.at(-1)!]
  t.equal(first.split('/')[1], last.split('/')[1])
  t.equal(last.split('/')[0], last.split('/')[1])
  const studies = groupByStudy(groupBySeries(inputs.instances))
  t.ok(studies[0]!.some(({ instances }) => instances.length === 12))
  t.equal(new Set(studies.flatMap(series => series.map(({ studyInstanceUid }) => studyInstanceUid))).size, studies.length)
})

t.test('links are not followed and files that are named are told when they are no DICOM', async t => {
  const folder = t.testdir({ text: 'text' })
  symlinkSync(folder, join(folder, 'circle'))
  copyFileSync(join(fixtures, 'special/ct.dcm'), join(folder, 'ct'))
  const inputs = await readInputs([folder, join(folder, 'text')])
  t.equal(inputs.instances.length, 1)
  t.equal(inputs.passedOver, 1)
  t.match(inputs.unusable, [{ path: join(folder, 'text'), error: { code: 'not-dicom' } }])
})

t.test('a path that is not there and an abort end it', async t => {
  await t.rejects(readInputs([join(t.testdir(), 'absent')]), { code: 'input-unreadable' })
  await t.rejects(readInputs([join(fixtures, 'flair')], { signal: AbortSignal.abort() }), { code: 'interrupted' })
})
