import type { JsonDataset, JsonElement } from './json-model.ts'

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const escapeXml = (text: string): string => text.replace(/[&<>"']/g, c => escapes[c]!)

/** Writes a data set as Native DICOM Model (PS3.19 A.1). PN values become their component groups. */
export function toXml (dataset: JsonDataset): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">${attributes(dataset)}</NativeDicomModel>`
}

function attributes (dataset: JsonDataset): string {
  return Object.keys(dataset).sort().map(tag => {
    const element = dataset[tag]!
    return `<DicomAttribute tag="${tag}" vr="${element.vr}">${content(element)}</DicomAttribute>`
  }).join('')
}

function content (element: JsonElement): string {
  if (element.InlineBinary !== undefined) return `<InlineBinary>${element.InlineBinary}</InlineBinary>`
  if (element.BulkDataURI !== undefined) return `<BulkData uri="${escapeXml(element.BulkDataURI)}"/>`
  return (element.Value ?? []).map((value, i) => {
    if (element.vr === 'SQ') return `<Item number="${i + 1}">${attributes((value ?? {}) as JsonDataset)}</Item>`
    if (element.vr === 'PN') return `<PersonName number="${i + 1}">${personName((value ?? {}) as Record<string, string>)}</PersonName>`
    return `<Value number="${i + 1}">${typeof value === 'string' || typeof value === 'number' ? escapeXml(String(value)) : ''}</Value>`
  }).join('')
}

const nameParts = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix']

function personName (groups: Record<string, string>): string {
  return ['Alphabetic', 'Ideographic', 'Phonetic'].filter(group => groups[group]).map(group => {
    const parts = groups[group]!.split('^').map((part, i) => part === '' || i >= nameParts.length ? '' : `<${nameParts[i]}>${escapeXml(part)}</${nameParts[i]}>`)
    return `<${group}>${parts.join('')}</${group}>`
  }).join('')
}

/**
 * Reads the attributes, items and values of a Native DICOM Model document; enough for store responses and query
 * results. Person names and bulk data are left out. `undefined` when the text is not such a document.
 */
export function fromXml (text: string): JsonDataset | undefined {
  const root: Record<string, Mutable> = {}
  const stack: { name: string, dataset?: Record<string, Mutable>, element?: Mutable }[] = []
  let seen = false
  let textStart = 0
  for (const match of text.matchAll(/<(\/?)(?:[\w.-]+:)?([\w.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g)) {
    const [whole, closing, name = '', attributeText = '', selfClosing] = match
    if (closing !== '') {
      const open = stack.pop()
      if (open?.name !== name) return undefined
      if (name === 'Value') stack.at(-1)?.element?.Value?.push(unescapeXml(text.slice(textStart, match.index)))
      continue
    }
    const frame: typeof stack[number] = { name }
    if (name === 'NativeDicomModel') {
      frame.dataset = root
      seen = true
    } else if (name === 'DicomAttribute') {
      const tag = /\btag\s*=\s*["']([0-9A-Fa-f]{8})/.exec(attributeText)?.[1]?.toUpperCase()
      const vr = /\bvr\s*=\s*["'](\w\w)/.exec(attributeText)?.[1] ?? 'UN'
      frame.element = { vr, Value: [] }
      const parent = stack.at(-1)?.dataset
      if (tag !== undefined && parent !== undefined) parent[tag] = frame.element
    } else if (name === 'Item') {
      frame.dataset = {}
      stack.at(-1)?.element?.Value?.push(frame.dataset)
    }
    if (stack.length > 200) return undefined
    if (selfClosing === '') stack.push(frame)
    textStart = match.index + whole.length
  }
  return seen && stack.length === 0 ? root : undefined
}

interface Mutable { vr: string, Value?: unknown[] }

function unescapeXml (text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|apos|#(\d+)|#x([0-9A-Fa-f]+));/g, (entity, decimal?: string, hex?: string) => {
    if (decimal !== undefined || hex !== undefined) {
      const code = decimal === undefined ? parseInt(hex!, 16) : Number(decimal)
      return code <= 0x10ffff ? String.fromCodePoint(code) : ''
    }
    return Object.entries(escapes).find(([, escaped]) => escaped === entity)?.[0] ?? ''
  })
}
