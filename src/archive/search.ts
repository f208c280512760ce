import type { Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import type { AttributeMatch, JsonAttributes, SearchLevel, SearchQuery, SearchResult, SearchRow } from './archive.ts'
import { foldName, type Database, type Row, type SqlValue } from './database.ts'
import { attributesOfLevel, matchableAttributes } from './searchable-attributes.ts'
import type { SearchableAttribute } from './searchable-attributes.ts'

/** Columns with an index of their own, instead of a look into the header. */
const columnOf: Readonly<Record<string, string>> = {
  StudyInstanceUID: 's.study',
  PatientID: 's.patient_id',
  StudyDate: 's.study_date',
  AccessionNumber: 's.accession_number',
  SeriesInstanceUID: 'e.series',
  Modality: 'e.modality',
  SOPInstanceUID: 'i.sop',
  SOPClassUID: 'i.sop_class',
}
const alias: Readonly<Record<SearchLevel, string>> = { study: 's', series: 'e', instance: 'i' }
const fromOf: Readonly<Record<SearchLevel, string>> = {
  study: 'studies s',
  series: 'series e JOIN studies s ON s.study = e.study',
  instance: 'instances i JOIN series e ON e.series = i.series JOIN studies s ON s.study = i.study',
}
const selectOf: Readonly<Record<SearchLevel, string>> = {
  study: 's.study, s.header AS study_header, s.last_at AS at',
  series: 's.study, s.header AS study_header, e.series, e.header AS series_header, e.last_at AS at',
  instance: `s.study, s.header AS study_header, e.series, e.header AS series_header, i.sop, i.sop_class, i.header AS instance_header,
    i.received_at AS at`,
}
const uidOf: Readonly<Record<SearchLevel, string>> = { study: 's.study', series: 'e.series', instance: 'i.sop' }

/** QIDO-RS (PS3.18 10.6). @throws AppError `request-malformed` for an attribute that the level does not match on */
export function search (database: Database, query: SearchQuery): SearchResult {
  const { level, study, series, limit, offset } = query
  const parameters: Record<string, SqlValue> = {}
  // an emptied study or series is being removed: it has nothing to show
  const where = [`EXISTS (SELECT 1 FROM instances x WHERE x.${level === 'study' ? 'study = s.study' : level === 'series' ? 'series = e.series' : 'sop = i.sop'})`]
  if (study !== undefined) { where.push('s.study = :pathStudy'); parameters['pathStudy'] = study }
  if (series !== undefined && level !== 'study') { where.push('e.series = :pathSeries'); parameters['pathSeries'] = series }
  for (const [index, match] of query.matches.entries()) where.push(condition(level, match, `m${index}`, parameters))
  const from = `FROM ${fromOf[level]} WHERE ${where.join(' AND ')}`
  const total = database.get(`SELECT COUNT(*) AS n ${from}`, parameters)!.number('n')
  const sql = `SELECT ${selectOf[level]} ${from} ORDER BY at DESC, ${uidOf[level]} LIMIT :limit OFFSET :offset`
  const counts: Counts = new Map()
  const rows = database.all(sql, { ...parameters, limit, offset }).map(row => toRow(database, level, row, counts))
  return { rows, total }
}

function condition (level: SearchLevel, match: AttributeMatch, name: string, parameters: Record<string, SqlValue>): string {
  const attribute = attributeOf(level, match.keyword)
  if (match.kind === 'moment') return moment(level, attribute, match, name, parameters)
  if (attribute.keyword === 'ModalitiesInStudy') {
    return `EXISTS (SELECT 1 FROM series x WHERE x.study = s.study AND ${comparison('x.modality', match, name, parameters)})`
  }
  const column = columnOf[attribute.keyword]
  if (column !== undefined) return `(${comparison(column, match, name, parameters)})`
  const values = valuesOf(level, attribute)
  if (attribute.vr === 'PN') return `EXISTS (SELECT 1 FROM ${values} WHERE ${nameComparison(match, name, parameters)})`
  return `EXISTS (SELECT 1 FROM ${values} WHERE ${comparison('CAST(v.value AS TEXT)', match, name, parameters)})`
}

function attributeOf (level: SearchLevel, keyword: string): SearchableAttribute {
  const attribute = matchableAttributes(level).find(entry => entry.keyword === keyword)
  if (attribute === undefined) throw new AppError('request-malformed', `${keyword} cannot be matched at this level`, { level })
  return attribute
}

/** The values of an attribute in the header of its level as rows `v`; a member of a sequence in any item (PS3.4 C.2.2.2.6). */
function valuesOf (level: SearchLevel, { keyword, tag }: SearchableAttribute): string {
  const [first = '', member] = tag.split('.')
  const owner = (['study', 'series', 'instance'] as const).find(candidate =>
    attributesOfLevel[candidate].some(entry => entry.tag === first)) ?? level
  const column = columnOf[keyword]
  if (column !== undefined) return `(SELECT ${column} AS value) v`
  const values = `json_each(${alias[owner]}.header, '$."${first}".Value')`
  return member === undefined ? `${values} v` : `${values} item, json_each(item.value, '$."${member}".Value') v`
}

/** Any component group, or where the pattern has several, each with its own (PS3.5 6.2.1.2). */
function nameComparison (match: AttributeMatch, name: string, parameters: Record<string, SqlValue>): string {
  if (match.kind !== 'wildcard') throw new AppError('request-malformed', `${match.keyword} is matched by a pattern`)
  const glob = (text: string, pattern: string, i: number): string => {
    parameters[`${name}_${i}`] = (/[*?]/.test(pattern) ? pattern.normalize('NFC').toLowerCase() : foldName(pattern)).replaceAll('[', '[[]')
    return `fold_name(${text}) GLOB :${name}_${i}`
  }
  const groups = match.pattern.split('=')
  if (groups.length === 1) return `EXISTS (SELECT 1 FROM json_each(v.value) g WHERE ${glob('g.value', match.pattern, 0)})`
  const tests = groups.slice(0, 3).flatMap((group, i) => {
    const path = ['Alphabetic', 'Ideographic', 'Phonetic'][i]
    return group === '' ? [] : [glob(`json_extract(v.value, '$.${path}')`, group, i)]
  })
  return tests.length === 0 ? '1' : tests.join(' AND ')
}

/** Date and time side by side; an end is compared on its own length, so that `202001011430` as the upper one includes 143059. */
function moment (
  level: SearchLevel, date: SearchableAttribute, match: AttributeMatch & { kind: 'moment' }, name: string, parameters: Record<string, SqlValue>,
): string {
  const first = (attribute: SearchableAttribute): string => `(SELECT v.value FROM ${valuesOf(level, attribute)} LIMIT 1)`
  const text = `(${first(date)} || COALESCE(${first(attributeOf(level, match.time))}, ''))`
  return between(text, match, name, parameters)
}

function comparison (text: string, match: AttributeMatch, name: string, parameters: Record<string, SqlValue>): string {
  switch (match.kind) {
    case 'list':
      match.values.forEach((value, i) => { parameters[`${name}_${i}`] = value })
      return `${text} IN (${match.values.map((_, i) => `:${name}_${i}`).join(', ')})`
    case 'wildcard':
      // GLOB is case-sensitive
      parameters[name] = match.pattern.replaceAll('[', '[[]')
      return `${text} GLOB :${name}`
    default:
      return between(text, match, name, parameters)
  }
}

/** `1430` as an upper end includes 143059: the end is compared on its own length. */
function between (
  text: string, { from, to }: { readonly from: string | undefined, readonly to: string | undefined }, name: string,
  parameters: Record<string, SqlValue>,
): string {
  const parts = [`${text} IS NOT NULL`]
  if (from !== undefined) { parts.push(`${text} >= :${name}f`); parameters[`${name}f`] = from }
  if (to !== undefined) { parts.push(`substr(${text}, 1, length(:${name}t)) <= :${name}t`); parameters[`${name}t`] = to }
  return parts.join(' AND ')
}

/** Counts of studies and series, each taken once a search, by UID. */
type Counts = Map<string, JsonAttributes>

function toRow (database: Database, level: SearchLevel, row: Row, counts: Counts): SearchRow {
  const study = row.text('study') as Uid
  const attributes: Record<string, unknown> = { '00080005': { vr: 'CS', Value: ['ISO_IR 192'] }, '00080056': { vr: 'CS', Value: ['ONLINE'] } }
  Object.assign(attributes, JSON.parse(row.text('study_header')), { '0020000D': { vr: 'UI', Value: [study] } }, studyCounts(database, study, counts))
  const series = level === 'study' ? undefined : row.text('series') as Uid
  if (series !== undefined) {
    Object.assign(attributes, JSON.parse(row.text('series_header')), { '0020000E': { vr: 'UI', Value: [series] } }, seriesCounts(database, series, counts))
  }
  const sop = level === 'instance' ? row.text('sop') as Uid : undefined
  if (sop !== undefined) {
    Object.assign(attributes, JSON.parse(row.text('instance_header')),
      { '00080016': { vr: 'UI', Value: [row.text('sop_class')] }, '00080018': { vr: 'UI', Value: [sop] } })
  }
  const sorted = Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1)) as JsonAttributes
  return { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: sop, attributes: sorted }
}

function studyCounts (database: Database, study: Uid, counts: Counts): JsonAttributes {
  return once(counts, study, () => {
    const found = database.get('SELECT COUNT(*) AS instances, COUNT(DISTINCT series) AS series FROM instances WHERE study = :study', { study })!
    const modalities = database.all('SELECT DISTINCT modality FROM series WHERE study = :study AND modality IS NOT NULL ORDER BY modality', { study })
    return {
      '00080061': { vr: 'CS', ...(modalities.length > 0 && { Value: modalities.map(row => row.text('modality')) }) },
      '00201206': { vr: 'IS', Value: [found.number('series')] },
      '00201208': { vr: 'IS', Value: [found.number('instances')] },
    }
  })
}

function seriesCounts (database: Database, series: Uid, counts: Counts): JsonAttributes {
  return once(counts, series, () => {
    const count = database.get('SELECT COUNT(*) AS n FROM instances WHERE series = :series', { series })!.number('n')
    return { '00201209': { vr: 'IS', Value: [count] } }
  })
}

function once (counts: Counts, uid: string, count: () => JsonAttributes): JsonAttributes {
  const known = counts.get(uid) ?? count()
  counts.set(uid, known)
  return known
}
