import { spawnSync } from 'node:child_process'
import { requireTool } from './tools.ts'

/** As much of a test as validators need. */
export interface ValidatorTest {
  skip: (name: string, test: () => undefined) => unknown
  fail: (message: string) => unknown
  equal: (found: unknown, wanted: unknown, message: string) => unknown
  strictSame: (found: unknown, wanted: unknown, message: string) => unknown
}

/** Debian's interpreter has pydicom; another one first on the path may not. */
export const python = '/usr/bin/python3'

/** Every warning of dciodvfy that a result of ours may draw, each with its reason. Any other fails. */
export const allowedWarnings: readonly { readonly pattern: RegExp, readonly reason: string }[] = [
  {
    pattern: /CodingSchemeDesignator\(0008,0102\)\[1\]> - Unrecognized defined term = <99TSCAI>$/,
    reason: 'a private scheme cannot be in the list of registered ones',
  },
  {
    pattern: /^<\/CodingSchemeIdentificationSequence\(0008,0110\)\[1\]\/CodingSchemeUID\(0008,010c\)\[1\]> - Unrecognized defined term = <2\.25\.\d+>$/,
    reason: 'nor can its UID',
  },
  {
    pattern: /^<\/ContributingEquipmentSequence\(0018,a001\)\[1\]\/DeviceUID\(0018,1002\)> - Attribute is not present in standard DICOM IOD$/,
    reason: 'DeviceUID came into this sequence after the edition that the tool knows',
  },
  ...[
    'FrameOfReferenceUID(0020,0052)', 'PositionReferenceIndicator(0020,1040)', 'ImagePositionPatient(0020,0032)',
    'ImageOrientationPatient(0020,0037)', 'SliceThickness(0018,0050)', 'SpacingBetweenSlices(0018,0088)', 'SliceLocation(0020,1041)',
  ].map(attribute => ({
    pattern: new RegExp(`^</${attribute.replace(/[()]/g, '\\$&')}> - Attribute is not present in standard DICOM IOD$`),
    reason: 'Frame of Reference and Image Plane came into Secondary Capture (PS3.3 table A.8-1) after that edition',
  })),
  {
    pattern: /^<\/(PatientName\(0010,0010\)|ReferringPhysicianName\(0008,0090\))\[1\]> - Value dubious for this VR \[PN\] = <[^^]*> - Retired Person Name form$/,
    reason: 'a name without components is the source\'s own, and another spelling would be another patient',
  },
  {
    pattern: /^<\/(PatientID\(0010,0020\)|StudyDate\(0008,0020\)|StudyTime\(0008,0030\)|StudyID\(0020,0010\))> - Missing attribute or value that would be needed to build DICOMDIR$/,
    reason: 'Type 2, empty as in the source',
  },
]

/** What `dciodvfy -new` has against a file: every error, every warning that is not allowed, an exit other than 0. */
export function dciodvfyComplaints (file: string): string[] {
  const { status, stdout, stderr } = spawnSync('dciodvfy', ['-new', file], { encoding: 'latin1' })
  const lines = `${stdout}\n${stderr}`.split('\n')
  const warnings = lines.filter(line => line.startsWith('Warning - ')).map(line => line.slice('Warning - '.length))
  return [
    ...lines.filter(line => line.startsWith('Error')),
    ...warnings.filter(line => !allowedWarnings.some(({ pattern }) => pattern.test(line))),
    ...(status === 0 ? [] : [`exit ${String(status)}`]),
  ]
}

/** `dciodvfy -new`: exit 0, no error, only the allowed warnings. */
export function assertDciodvfy (t: ValidatorTest, file: string): void {
  if (!requireTool(t, 'dciodvfy')) return
  t.strictSame(dciodvfyComplaints(file), [], 'dciodvfy finds no error and gives only allowed warnings')
}

/** What dsrdump says of itself: it checks neither UTF-8 nor, of key objects, the template. */
const dsrdumpLimits = /VR checker does not support .*ISO_IR 192|^W: Check for template constraints not yet supported$/

/** What `dsrdump +Pc` has against a document: `E:`, `F:`, and any `W:` but of what it cannot check. Its exit code alone proves nothing. */
export function dsrdumpComplaints (file: string): string[] {
  const { stderr, status } = spawnSync('dsrdump', ['+Pc', file], { encoding: 'utf8' })
  return [
    ...stderr.split('\n').filter(line => /^[EFW]:/.test(line) && !dsrdumpLimits.test(line)),
    ...(status === 0 ? [] : [`exit ${String(status)}`]),
  ]
}

export function assertDsrdump (t: ValidatorTest, file: string): void {
  if (!requireTool(t, 'dsrdump')) return
  t.strictSame(dsrdumpComplaints(file), [], 'dsrdump has nothing to say')
}

const strictRead = `
import sys, warnings
warnings.simplefilter('error')
import pydicom
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
for path in sys.argv[1:]:
    dataset = pydicom.dcmread(path)
    dataset.walk(lambda ds, element: (str(element), element.value))
    if 'PixelData' in dataset:
        array = dataset.pixel_array
        assert array.shape == (dataset.Rows, dataset.Columns, 3), array.shape
`

/** pydicom, validation and warnings raised to errors: every element of every file, and the pixels. */
export function assertPydicomStrict (t: ValidatorTest, files: readonly string[]): void {
  if (!requireTool(t, python)) return
  const { status, stderr } = spawnSync(python, ['-', ...files], { input: strictRead, encoding: 'utf8' })
  t.equal(stderr.trim().split('\n').at(-1), '', 'pydicom has nothing to say')
  t.equal(status, 0, 'pydicom reads every element and every pixel')
}

/** What `dcentvfy` has against files of one patient and study, but for AccessionNumber, which it files under two entities. */
export function dcentvfyComplaints (files: readonly string[], alsoAllowed: readonly RegExp[] = []): string[] {
  const allowed = [/Different information entities for attribute - Element=<AccessionNumber> IE <(Study> versus <Series|Series> versus <Study)>/, ...alsoAllowed]
  const { stdout, stderr } = spawnSync('dcentvfy', [...files], { encoding: 'latin1', maxBuffer: 2 ** 26 })
  const complaints = `${stdout}\n${stderr}`.split('\n').filter(line => /^(Error|Warning)/.test(line))
  return complaints.filter(line => !allowed.some(pattern => pattern.test(line)))
}

export function assertDcentvfy (t: ValidatorTest, files: readonly string[], alsoAllowed: readonly RegExp[] = []): void {
  if (!requireTool(t, 'dcentvfy')) return
  t.strictSame(dcentvfyComplaints(files, alsoAllowed), [], 'dcentvfy finds the files at one')
}

/** Runs a Python program with pydicom over files and parses what it prints as JSON. */
export function pydicomJson (program: string, files: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(python, ['-', ...files], { input: program, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
