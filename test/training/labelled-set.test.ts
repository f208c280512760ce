import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkPatientWise, readLabelledSet, readPicture, splitPatients } from '../../src/training/labelled-set.ts'

let folder: string
t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
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
