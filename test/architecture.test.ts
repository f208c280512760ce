import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import t from 'tap'

const src = resolve(import.meta.dirname, '../src')
/** Rank of each room: a room may import rooms of lower rank and itself. */
const ranks: Readonly<Record<string, number>> = {
  errors: 0,
  dicom: 1,
  imaging: 2,
  dicomweb: 3,
  selection: 3,
  model: 3,
  training: 4,
  report: 4,
  analysis: 5,
  archive: 6,
  workflow: 7,
  config: 8,
  service: 9,
  cli: 10,
}
/** Packages with one home each. */
const homes: readonly (readonly [RegExp, RegExp])[] = [
  [/^dicom-parser$/, /^dicom\/parser\.ts$/],
  [/^dcmjs$/, /^dicom\/dcmjs\.ts$/],
  [/^(fastify|pino|@fastify\/(?!busboy).*)$/, /^(service|cli)\//],
  [/^(@tensorflow\/.*|onnxruntime-node)$/, /^(model|training)\//],
  [/^@photostructure\/sqlite$/, /^archive\//],
  [/^pdfkit$/, /^report\/pdf-document\.ts$/],
  [/^jose$/, /^service\/access\/token-issuer\.ts$/],
  [/^h5wasm$/, /^model\/keras\/hdf5-file\.ts$/],
]

interface Import { readonly from: string, readonly specifier: string, readonly typeOnly: boolean }

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
const imports = files.flatMap((file): Import[] => {
  const text = readFileSync(join(src, file), 'utf8')
  const found = [...text.matchAll(/(?:import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|import\(\s*'([^']+)'|require\('([^']+)'\)/g)]
  return found.map(m => ({ from: file, specifier: m[2] ?? m[3] ?? m[4] ?? '', typeOnly: m[1] !== undefined }))
})
const room = (file: string) => file.split('/')[0]!.replace(/\.ts$/, '')

t.test('the scan sees the sources', async t => {
  t.ok(files.length > 20)
  t.ok(imports.length > 20)
})

t.test('every source file lives in a known room', async t => {
  t.strictSame(files.filter(file => !(room(file) in ranks)), [])
})

t.test('imports go down only', async t => {
  const wrong = imports.filter(({ from, specifier }) => {
    if (!specifier.startsWith('.')) return false
    const target = room(relative(src, resolve(src, from, '..', specifier)))
    return target !== room(from) && (ranks[target] ?? 99) >= ranks[room(from)]!
  })
  t.strictSame(wrong.map(i => `${i.from} imports ${i.specifier}`), [])
})

t.test('report takes only types from model and selection', async t => {
  const wrong = imports.filter(i => room(i.from) === 'report' && /\.\.\/(model|selection)\//.test(i.specifier) && !i.typeOnly)
  t.strictSame(wrong.map(i => `${i.from} imports ${i.specifier}`), [])
})

t.test('of the service, the command line imports the server and the doctor alone', async t => {
  const wrong = imports.filter(i => room(i.from) === 'cli' && i.specifier.includes('/service/') && !/\/service\/(server|doctor\/doctor)\.ts$/.test(i.specifier))
  t.strictSame(wrong.map(i => `${i.from} imports ${i.specifier}`), [])
})

t.test('packages stay in their homes', async t => {
  const wrong = imports.filter(({ from, specifier }) => homes.some(([name, home]) => name.test(specifier) && !home.test(from)))
  t.strictSame(wrong.map(i => `${i.from} imports ${i.specifier}`), [])
})

t.test('imports name files with their extension and no file is a barrel', async t => {
  t.strictSame(imports.filter(i => i.specifier.startsWith('.') && !i.specifier.endsWith('.ts')).map(i => `${i.from} imports ${i.specifier}`), [])
  t.strictSame(files.filter(file => /(^|\/)(index|utils?)\.ts$/.test(file)), [])
})
