import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import type { AppError } from '../../../src/errors.ts'
import { largestKerasFile, readKerasFile } from '../../../src/model/keras/hdf5-file.ts'
import { convolutionWeights, kerasFile, small, stored, tuberWeights } from './support.ts'

const fixture = readFileSync(resolve(import.meta.dirname, '../../../fixtures/keras/sequential_sigmoid.keras3.h5'))

t.test('reads weights by layer, in Keras\'s order, and no optimizer', async t => {
  const { config, version, weights } = await readKerasFile(fixture)
  t.match(config, { class_name: 'Sequential' })
  t.match(version, /^3\./)
  t.same([...weights].map(([layer, stored]) => [layer, stored.map(({ shape }) => shape)]).filter(([, shapes]) => shapes!.length > 0), [
    ['conv2d', [[3, 3, 3, 4], [4]]],
    ['conv2d_1', [[3, 1, 4, 3]]],
    ['batch_normalization', [[3], [3], [3], [3]]],
    ['dense', [[72, 1], [1]]],
  ])
})

t.test('reads lists of names in pieces, beyond nine in their order', async t => {
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`w${i}`, stored([1], i)]))
  const { weights } = await readKerasFile(await kerasFile({ layers: { one: many, none: {} }, inPieces: true }))
  t.same(weights.get('one')?.map(({ name }) => name), Object.keys(many))
  t.same(weights.get('none'), [])
})

t.test('narrows double precision, and keeps a weight without axes', async t => {
  const layers = { one: { kernel: { shape: [2], values: [0.1, -3], type: '<f8' } } } as const
  const { weights } = await readKerasFile(await kerasFile({
    layers, change: file => {
      file.create_dataset({ name: 'model_weights/one/scalar', data: 7, shape: [], dtype: '<f4' })
      const group = file.get('model_weights/one') as typeof file
      group.delete_attribute('weight_names')
      group.create_attribute('weight_names', ['kernel', 'scalar'], [2], 'S16')
    },
  }))
  t.same(weights.get('one')?.map(({ values }) => values), [Float32Array.of(0.1, -3), Float32Array.of(7)])
  t.same(weights.get('one')?.[1]?.shape, [])
})

t.test('says what a file is that it does not read', async t => {
  const refused = async (bytes: Uint8Array, message: RegExp): Promise<void> => { await t.rejects(readKerasFile(bytes), { code: 'model-invalid', message }) }
  await refused(Buffer.from('PK\x03\x04rest'), /zip archive.*model\.save\("model\.h5"\)/)
  await refused(Buffer.from('weights'), /not HDF5/)
  await refused(new Uint8Array(0), /not HDF5/)
  await refused({ length: largestKerasFile + 1 } as Uint8Array, /at most 1073741824/)
  await refused(await kerasFile({ layers: {}, change: file => { (file.get('model_weights') as typeof file).delete_attribute('layer_names') } }), /not of Keras/)
  await refused(await kerasFile({ ...small, config: '{"class_name":' }), /model_config is not JSON/)
})

t.test('names the layer whose weights are missing or not to be read', async t => {
  const refused = async (content: Parameters<typeof kerasFile>[0], message: RegExp): Promise<void> => {
    await t.rejects(readKerasFile(await kerasFile(content)), { code: 'model-invalid', message })
  }
  const rename = (group: string, names: string[]) => ({
    ...small, change: (file: { get: (name: string) => unknown }) => {
      const found = file.get(group) as { delete_attribute: (name: string) => void, create_attribute: (...args: unknown[]) => void }
      const attribute = group === 'model_weights' ? 'layer_names' : 'weight_names'
      found.delete_attribute(attribute)
      found.create_attribute(attribute, names, [names.length], 'S64')
    },
  })
  await refused(rename('model_weights', ['conv', 'absent']), /no weights of layer absent/)
  await refused(rename('model_weights/conv', ['conv/kernel:0', 'conv/gone:0']), /layer conv: the file has no weight conv\/gone:0/)
  await refused(rename('model_weights/conv', ['conv']), /layer conv: the file has no weight conv/)
  await refused({ layers: { conv: { kernel: { shape: [1], values: [1], type: '<i4' } } } }, /weight kernel is not of 32- or 64-bit numbers/)
  // a header may promise more than there is
  await refused({
    layers: { conv: convolutionWeights, tuber: tuberWeights }, change: file => {
      file.create_dataset({ name: 'model_weights/tuber/big', data: new Float32Array(4), shape: [4], dtype: '<f4', maxshape: [null], chunks: [4] })
      ;(file.get('model_weights/tuber/big') as unknown as { resize: (shape: number[]) => void }).resize([2 ** 31])
      const group = file.get('model_weights/tuber') as typeof file
      group.delete_attribute('weight_names')
      group.create_attribute('weight_names', ['big'], [1], 'S16')
    },
  }, /weight big is larger than the file/)
})

t.test('links out of the file lead nowhere', async t => {
  const bytes = await kerasFile({
    layers: { conv: {} }, change: file => {
      const group = file.get('model_weights/conv') as typeof file
      group.create_external_link('/etc/hosts', '/', 'kernel')
      group.delete_attribute('weight_names')
      group.create_attribute('weight_names', ['kernel'], [1], 'S16')
    },
  })
  await t.rejects(readKerasFile(bytes), { code: 'model-invalid', message: /layer conv: the file has no weight kernel/ })
})

t.test('a file cut or changed anywhere is refused in words, or read', async t => {
  const outcomes = { read: 0, refused: 0 }
  const attempt = async (bytes: Uint8Array): Promise<void> => {
    try {
      await readKerasFile(bytes)
      outcomes.read++
    } catch (error) {
      const { code, message } = error as AppError
      if (code !== 'model-invalid' || message.includes('undefined')) t.fail(`${code}: ${message}`)
      outcomes.refused++
    }
  }
  for (let length = 8; length < fixture.length; length += 997) await attempt(fixture.subarray(0, length))
  t.equal(outcomes.read, 0, 'no part of a file is taken for the whole')
  for (let at = 8; at < fixture.length; at += 211) {
    const changed = Buffer.from(fixture)
    changed.fill(0xff, at, at + 4)
    await attempt(changed)
  }
  t.ok(outcomes.refused > 40)
  t.match((await readKerasFile(fixture)).version, /^3\./, 'and the next file is read as ever')
})
