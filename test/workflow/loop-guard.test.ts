import t from 'tap'
import { ignoreReasons } from '../../src/archive/archive.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { receiveRule } from '../../src/workflow/loop-guard.ts'
import { mrFile } from '../helpers/archive.ts'

const storage = '1.2.840.10008.5.1.4.1.1.'
const own = { manufacturer: 'tuberlens project' }
const rule = receiveRule(own)
const judge = (changes: Dataset) => rule(readInstance(mrFile({}, changes)))
const ours = { Manufacturer: own.manufacturer, ManufacturerModelName: 'any model', DeviceUID: '2.25.1' }

t.test('the door is open for MR images alone', async t => {
  const table: [string, Dataset, string | undefined][] = [
    ['MR', {}, undefined],
    ['Enhanced MR', { SOPClassUID: `${storage}4.1` }, undefined],
    ['Legacy converted enhanced MR', { SOPClassUID: `${storage}4.4` }, undefined],
    ['MR that no analysis will take', { SeriesDescription: 'SAG T1' }, undefined],
    ['CT', { SOPClassUID: `${storage}2`, Modality: 'CT' }, 'not-mr'],
    ['MR class, other modality', { Modality: 'OT' }, 'not-mr'],
    ['Secondary Capture', { SOPClassUID: `${storage}7` }, 'not-mr'],
    ['localizer', { ImageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] }, 'localizer'],
    ['SR', { SOPClassUID: `${storage}88.34`, Modality: 'SR' }, 'not-an-image'],
    ['KO', { SOPClassUID: `${storage}88.59`, Modality: 'KO' }, 'not-an-image'],
    ['a class nobody knows', { SOPClassUID: '1.2.3.4' }, 'not-an-image'],
    ['ours by contributing equipment', { ContributingEquipmentSequence: [ours] }, 'own-result'],
    ['ours as main equipment', ours, 'own-result'],
    ['ours beside others', { ContributingEquipmentSequence: [{ Manufacturer: 'Other' }, ours] }, 'own-result'],
    ['another device of another maker', { ContributingEquipmentSequence: [{ ...ours, Manufacturer: 'Other' }] }, undefined],
    ['our name without a device', { Manufacturer: own.manufacturer }, undefined],
  ]
  for (const [name, changes, expected] of table) t.equal(judge(changes), expected, name)
  const seen = new Set(table.map(([, , reason]) => reason))
  t.ok(ignoreReasons.every(reason => seen.has(reason)), 'every reason is in the table')
})

t.test('an image without Modality is judged by its class', async t => {
  t.equal(judge({ Modality: null }), undefined)
})
