import t from 'tap'
import { codeItem, codes, codingSchemes, privateScheme } from '../../src/report/codes.ts'
import { requireTool } from '../helpers/tools.ts'
import { pydicomJson } from '../helpers/validators.ts'

const dictionary = `
import json
from pydicom.sr._concepts_dict import concepts
meanings = {}
for scheme in ('DCM', 'SCT', 'LN', 'UCUM', 'UMLS'):
    for entries in concepts.get(scheme, {}).values():
        for code, value in entries.items():
            meanings.setdefault(scheme, {}).setdefault(code, []).append(value[0].lower())
print(json.dumps(meanings))
`

/** Newer than the dictionary of Debian's pydicom, or of templates, whose own codes it leaves out; 69536005 it has by another name. */
const beyond = ['130403', '130404', 'MR', 'C0034375', '276214006', '260753009', '69536005']

t.test('every standard code means what the dictionary of PS3.16 in pydicom says', async t => {
  if (!requireTool(t, '/usr/bin/python3')) return
  const known = pydicomJson(dictionary, []) as Record<string, Record<string, string[]>>
  for (const { value, scheme, meaning } of Object.values(codes)) {
    if (scheme === privateScheme.designator || scheme === 'RFC5646' || beyond.includes(value)) continue
    t.ok(known[scheme]?.[value]?.includes(meaning.toLowerCase()), `${scheme} ${value}`)
  }
})

t.test('codes fit their VRs and private ones are told apart by their scheme', async t => {
  for (const code of Object.values(codes)) {
    t.ok(code.value.length <= 16 && code.meaning.length <= 64, code.value)
    t.strictSame(codeItem(code), { CodeValue: code.value, CodingSchemeDesignator: code.scheme, CodeMeaning: code.meaning })
  }
  t.strictSame(Object.values(codes).filter(({ scheme }) => scheme === '99TSCAI').map(({ value }) => value), ['TSC-TUBER', 'EVIDENCE-MAP'])
  t.match(codingSchemes('Somebody'), [{ CodingSchemeDesignator: '99TSCAI', CodingSchemeUID: /^2\.25\.\d+$/ }])
})
