import t from 'tap'
import { isSignDependent, keywordOf, multiplicityOf, nameOf, tagOf, tagText, vrOf } from '../../src/dicom/dictionary.ts'
import { askPython, requirePydicom } from './second-reader.ts'

t.test('keywords and tags lead to each other', async t => {
  t.equal(tagOf('RepetitionTime'), 0x00180080)
  t.equal(keywordOf(0x00180080), 'RepetitionTime')
  t.equal(tagOf('0019100c'), 0x0019100c)
  t.equal(tagOf('7FE00010'), 0x7fe00010)
  t.equal(tagOf('constructor'), undefined)
  t.equal(tagOf('Nonsense'), undefined)
  t.equal(keywordOf(0x0019100c), undefined)
  t.equal(tagText(0x0019100c), '0019100c')
  t.equal(nameOf(0x0019100c), '(0019,100c)')
})

t.test('VRs that the standard leaves open and those that no list holds', async t => {
  t.equal(vrOf(0x7fe00010), 'OW')
  t.equal(vrOf(0x00280120), 'US')
  t.ok(isSignDependent(0x00280120))
  t.notOk(isSignDependent(0x00280010))
  t.equal(vrOf(0x00080000), 'UL', 'group length')
  t.equal(vrOf(0x00190010), 'LO', 'private creator')
  t.equal(vrOf(0x00191010), undefined)
  t.equal(vrOf(0x60020010), 'US', 'the second overlay')
  t.equal(vrOf(0x60023000), 'OW')
  t.equal(multiplicityOf(0x00200032), '3')
})

t.test('pydicom’s dictionary agrees wherever both list an attribute', async t => {
  if (!requirePydicom(t)) return
  const theirs = askPython(`
import json
from pydicom.datadict import DicomDictionary
print(json.dumps([[tag, vr, keyword] for tag, (vr, vm, name, retired, keyword) in DicomDictionary.items() if not retired]))`)
  const open: Readonly<Record<string, string>> = { 'OB or OW': 'OW', 'US or SS': 'US', 'US or OW': 'US', 'US or SS or OW': 'US', NONE: 'UN' }
  // pydicom 2.3 holds PS3.6 of 2021: the standard has renamed or retyped these since, or dcmjs spells them its own way
  const known = new Set(['ViewOrientationModifierCodeSequence', 'Plane', 'PlaneNormal', 'NumberOfVolumetricCurvePoints', 'ComponentTypeCodeSequence',
    'NumberOfBscansPerFrame', 'NumberOfTableColumns', 'AverageBeamDosePointSourceToExternalContourDistance', 'ThreatDetectionAlgorithmAndVersion',
    'LongPrimitivePointIndexList', 'LongTrianglePointIndexList', 'LongEdgePointIndexList', 'LongVertexPointIndexList'])
  let compared = 0
  for (const [tag, vr, keyword] of theirs as [number, string, string][]) {
    const ours = keywordOf(tag)
    if (ours === undefined || known.has(keyword)) continue
    compared++
    if (ours !== keyword || vrOf(tag) !== (open[vr] ?? vr)) t.fail(`${keyword} ${vr}: ${ours} ${vrOf(tag) ?? ''}`)
  }
  t.ok(compared > 4000)
})
