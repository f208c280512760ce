import { readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildDeliverables } from '../../src/analysis/build-deliverables.ts'
import type { DeliverableOptions } from '../../src/analysis/build-deliverables.ts'
import type { DeliverableKind } from '../../src/analysis/deliverable.ts'
import type { Attributes } from '../../src/dicom/attributes.ts'
import type { Instance } from '../../src/dicom/instance.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { createWasmCodecs } from '../../src/imaging/wasm-codecs.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { displayOf } from './report-inputs.ts'
import { requireTool } from './tools.ts'
import { assertDcentvfy, assertDciodvfy, assertDsrdump } from './validators.ts'
import type { ValidatorTest } from './validators.ts'

/** One result object on disk, read back. */
export interface DeliveredFile { readonly kind: DeliverableKind, readonly path: string, readonly instance: Instance }

/** Everything that is written of a study, in the order of storing. */
export async function deliver (
  folder: string, study: StudyFindings, context: ReportContext, options: Partial<DeliverableOptions> = {},
): Promise<DeliveredFile[]> {
  const files: DeliveredFile[] = []
  const codecs = createWasmCodecs()
  const encodeJpeg: DeliverableOptions['encodeJpeg'] = async (image, quality) => (await codecs.encodeJpeg(image, quality)).bytes
  const encodeRle: DeliverableOptions['encodeRle'] = async image => (await codecs.encodeRle(image)).bytes
  for await (const { kind, bytes } of buildDeliverables(study, context, { displayOf, encodeJpeg, encodeRle, ...options })) {
    const path = join(folder, `${String(files.length).padStart(4, '0')}-${kind}.dcm`)
    writeFileSync(path, bytes)
    files.push({ kind, path, instance: readInstance(readFileSync(path)) })
  }
  return files
}

/** The instances that the evidence of a document names. */
export function evidenceUids (document: Attributes): string[] {
  return document.items('CurrentRequestedProcedureEvidenceSequence').flatMap(study => study.items('ReferencedSeriesSequence'))
    .flatMap(series => series.items('ReferencedSOPSequence')).flatMap(item => item.string('ReferencedSOPInstanceUID') ?? [])
}

/** `uid` or `uid#frame` of all that a content tree points at. */
export function references (item: Attributes): string[] {
  const own = item.items('ReferencedSOPSequence').map(one => {
    const frame = one.number('ReferencedFrameNumber')
    return `${one.string('ReferencedSOPInstanceUID')}${frame === undefined ? '' : `#${frame}`}`
  })
  return [...own, ...item.items('ContentSequence').flatMap(references)]
}

const documents: readonly DeliverableKind[] = ['sr', 'key-objects']

/** dciodvfy, dsrdump and dcentvfy over all files; the evidence of each document is what its tree names, no more and no less. */
export function assertValid (t: ValidatorTest, files: readonly DeliveredFile[]): void {
  for (const { kind, path, instance } of files) {
    assertDciodvfy(t, path)
    if (!documents.includes(kind)) continue
    assertDsrdump(t, path)
    const named = new Set(references(instance.attributes).map(reference => reference.split('#')[0]!))
    t.strictSame(new Set(evidenceUids(instance.attributes)), named, 'the evidence is what the tree names')
  }
  assertDcentvfy(t, files.map(({ path }) => path))
}

const strictRead = `
import sys, warnings
warnings.simplefilter('error')
import pydicom
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
for path in sys.argv[1:]:
    ds = pydicom.dcmread(path)
    ds.walk(lambda item, element: (str(element), element.value))
    if 'FloatPixelData' in ds:
        assert len(ds.FloatPixelData) == 4 * ds.Rows * ds.Columns * ds.NumberOfFrames
    elif 'Rows' in ds:
        frames = int(ds.get('NumberOfFrames', 1))
        shape = ((frames,) if frames > 1 else ()) + (ds.Rows, ds.Columns) + ((3,) if ds.SamplesPerPixel == 3 else ())
        assert ds.pixel_array.shape == shape, (path, ds.pixel_array.shape, shape)
`

/** pydicom with validation and warnings raised to errors: every element, and the pixels of every frame. */
export function assertPydicomReads (t: ValidatorTest, files: readonly string[]): void {
  const python = '/usr/bin/python3'
  if (!requireTool(t, python)) return
  const { status, stderr } = spawnSync(python, ['-', ...files], { input: strictRead, encoding: 'utf8' })
  t.equal(`${status} ${stderr.trim().split('\n').at(-1)}`, '0 ', 'pydicom reads every element and every pixel')
}
