import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { mrFile } from '../helpers/archive.ts'
import { dataPath } from '../helpers/data.ts'
import { requireTool } from '../helpers/tools.ts'
import { multipart } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

interface StoreAnswer { readonly '00081199': { readonly Value: readonly { readonly '00081190': { readonly Value: readonly string[] } }[] } }

/** A slice with sequences, empty values, binary and private elements, and a preamble that is not empty. */
function syntheticSlice (): Buffer {
  const file = Buffer.from(mrFile({}, {
    RequestAttributesSequence: [
      { RequestedProcedureID: 'R1', ScheduledProtocolCodeSequence: [{ CodeValue: '1', CodingSchemeDesignator: '99TEST', CodeMeaning: 'x' }] },
      { RequestedProcedureID: 'R2' },
    ],
    ReferringPhysicianName: '',
    DiffusionBValue: 1000.25,
    FrameIncrementPointer: 0x00181063,
    SmallestImagePixelValue: 0,
    ICCProfile: [new Uint8Array([1, 2, 3, 4]).buffer],
    OtherPatientIDsSequence: [],
  }))
  file.write('II*\0', 0, 'latin1')
  return file
}

function run (program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'latin1', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** What dcmtk reads, element by element: all values in full, written anew so that lengths of sequences are alike. */
function elements (folder: string, path: string): string[] {
  const normal = join(folder, 'normal.dcm')
  run('dcmconv', '+te', '--length-explicit', '--group-length-remove', path, normal)
  return run('dcmdump', '+L', '+R', '100000', '-q', normal).split('\n').filter(line => /^ *\(/.test(line) && !line.startsWith('(0002,'))
}

/** Stores a file and retrieves it as stored and in explicit little endian. */
async function roundTrip (t: Parameters<typeof testService>[0], original: Buffer): Promise<{ asStored: Buffer, type: string, explicit: Buffer }> {
  const service = await testService(t)
  const stored = await service.store(multipart([original]))
  if (stored.statusCode !== 200) throw new Error(`stored with ${stored.statusCode}: ${stored.body}`)
  const url = stored.json<StoreAnswer>()['00081199'].Value[0]!['00081190'].Value[0]!
  const asStored = await service.inject({ url, headers: { accept: 'application/dicom; transfer-syntax=*' } })
  const explicit = await service.inject({ url, headers: { accept: 'application/dicom' } })
  return { asStored: asStored.rawPayload, type: String(asStored.headers['content-type']), explicit: explicit.rawPayload }
}

const syntaxOf = (type: string) => /transfer-syntax=(.*)$/.exec(type)?.[1]

t.test('explicit little endian, deflated and compressed files come back byte for byte, their preamble zeroed', async t => {
  const folder = t.testdir()
  const source = join(folder, 'explicit.dcm')
  writeFileSync(source, syntheticSlice())
  const cases: (readonly [syntax: string, path: string])[] = [['1.2.840.10008.1.2.1', source]]
  const made: readonly (readonly [syntax: string, program: string, ...options: string[]])[] = [
    ['1.2.840.10008.1.2.5', 'dcmcrle'], ['1.2.840.10008.1.2.4.70', 'dcmcjpeg', '+e1'], ['1.2.840.10008.1.2.4.80', 'dcmcjpls'],
    ['1.2.840.10008.1.2.1.99', 'dcmconv', '+td'],
  ]
  for (const [syntax, program, ...options] of made) {
    if (!requireTool(t, program)) return
    const path = join(folder, `${syntax}.dcm`)
    run(program, ...options, source, path)
    cases.push([syntax, path])
  }
  const nema = dataPath(t, 'mr-dicom/nema-wg04')
  if (nema !== undefined) cases.push(['1.2.840.10008.1.2.4.90', join(nema, 'MR4_J2KR')], ['1.2.840.10008.1.2.4.80', join(nema, 'MR4_JLSL')])
  for (const [syntax, path] of cases) {
    const original = readFileSync(path)
    const { asStored, type } = await roundTrip(t, original)
    t.equal(syntaxOf(type), syntax)
    t.ok(asStored.subarray(128).equals(original.subarray(128)), syntax)
    t.ok(asStored.subarray(0, 128).equals(Buffer.alloc(128)), 'no preamble')
  }
})

t.test('implicit and big endian files come back element for element in explicit little endian, as dcmtk reads them', async t => {
  if (!requireTool(t, 'dcmconv') || !requireTool(t, 'dcmdump')) return
  const folder = t.testdir()
  const source = join(folder, 'explicit.dcm')
  writeFileSync(source, syntheticSlice())
  const cases: string[] = []
  for (const option of ['+ti', '+tb']) {
    const path = join(folder, `${option}.dcm`)
    run('dcmconv', option, source, path)
    cases.push(path)
  }
  const real = ['mr-dicom/ge-pd-axial/explicit_big.dcm', 'mr-dicom/enhanced-mr-small/emri_small_big_endian.dcm'].flatMap(name => dataPath(t, name) ?? [])
  for (const [i, path] of real.entries()) {
    const implicit = join(folder, `implicit-${i}.dcm`)
    run('dcmconv', '+ti', path, implicit)
    cases.push(path, implicit)
  }
  for (const path of cases) {
    const { asStored, type, explicit } = await roundTrip(t, readFileSync(path))
    t.equal(syntaxOf(type), '1.2.840.10008.1.2.1', 'what PS3.18 8.7.3.4 forbids is never sent')
    t.ok(asStored.equals(explicit))
    const received = join(folder, 'received.dcm')
    writeFileSync(received, asStored)
    const expected = elements(folder, path)
    t.ok(expected.length > 30, `${expected.length} elements and delimiters`)
    t.strictSame(elements(folder, received), expected, basename(path))
  }
})
