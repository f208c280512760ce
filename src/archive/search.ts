import type { Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import type { AttributeMatch, JsonAttributes, SearchLevel, SearchQuery, SearchResult, SearchRow } from './archive.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { attributesOfLevel, searchableAttributes } from './searchable-attributes.ts'
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
  const rows = database.all(sql, { ...parameters, limit, offset }).map(row => toRow(database, level, row))
  return { rows, total }
}

function condition (level: SearchLevel, match: AttributeMatch, name: string, parameters: Record<string, SqlValue>): string {
  const attribute = searchableAttributes(level).find(entry => entry.keyword === match.keyword)
  const modalities = match.keyword === 'ModalitiesInStudy'
  if (attribute === undefined || attribute.vr === 'SQ' || (attribute.counted === true && !modalities)) {
    throw new AppError('request-malformed', `${match.keyword} cannot be matched at this level`, { level })
  }
  const text = modalities ? 'x.modality' : expressionOf(level, attribute)
  const test = comparison(text, attribute, match, name, parameters)
  if (modalities) return `EXISTS (SELECT 1 FROM series x WHERE x.study = s.study AND ${test})`
  if (columnOf[attribute.keyword] !== undefined) return `(${test})`
  return `EXISTS (SELECT 1 FROM json_each(${headerOf(level, attribute)}, '$."${attribute.tag}".Value') v WHERE ${test})`
}

function expressionOf (_level: SearchLevel, attribute: SearchableAttribute): string {
  const column = columnOf[attribute.keyword]
  if (column !== undefined) return column
  return attribute.vr === 'PN' ? 'json_extract(v.value, \'$.Alphabetic\')' : 'CAST(v.value AS TEXT)'
}

function headerOf (level: SearchLevel, attribute: SearchableAttribute): string {
  const owner = (['study', 'series', 'instance'] as const).find(candidate => attributesOfLevel[candidate].includes(attribute)) ?? level
  return `${alias[owner]}.header`
}

function comparison (
  text: string, attribute: SearchableAttribute, match: AttributeMatch, name: string, parameters: Record<string, SqlValue>,
): string {
  switch (match.kind) {
    case 'list':
      match.values.forEach((value, i) => { parameters[`${name}_${i}`] = value })
      return `${text} IN (${match.values.map((_, i) => `:${name}_${i}`).join(', ')})`
    case 'wildcard': {
      // GLOB is case-sensitive; names are compared without case (PS3.4 C.2.2.2.1 leaves it open)
      const fold = attribute.vr === 'PN'
      const pattern = match.pattern.replaceAll('[', '[[]')
      parameters[name] = fold ? pattern.toLowerCase() : pattern
      return `${fold ? `lower(${text})` : text} GLOB :${name}`
    }
    case 'range': {
      const parts = [`${text} IS NOT NULL`]
      if (match.from !== undefined) { parts.push(`${text} >= :${name}f`); parameters[`${name}f`] = match.from }
      // `1430` as an upper end includes 143059: the end is compared on its own length
      if (match.to !== undefined) { parts.push(`substr(${text}, 1, length(:${name}t)) <= :${name}t`); parameters[`${name}t`] = match.to }
      return parts.join(' AND ')
    }
  }
}

function toRow (database: Database, level: SearchLevel, row: Row): SearchRow {
  const study = row.text('study') as Uid
  const attributes: Record<string, unknown> = { '00080005': { vr: 'CS', Value: ['ISO_IR 192'] }, '00080056': { vr: 'CS', Value: ['ONLINE'] } }
  Object.assign(attributes, JSON.parse(row.text('study_header')), { '0020000D': { vr: 'UI', Value: [study] } })
  if (level === 'study') Object.assign(attributes, studyCounts(database, study))
  const series = level === 'study' ? undefined : row.text('series') as Uid
  if (series !== undefined) {
    Object.assign(attributes, JSON.parse(row.text('series_header')), { '0020000E': { vr: 'UI', Value: [series] } })
    if (level === 'series') {
      const count = database.get('SELECT COUNT(*) AS n FROM instances WHERE series = :series', { series })!.number('n')
      attributes['00201209'] = { vr: 'IS', Value: [count] }
    }
  }
  const sop = level === 'instance' ? row.text('sop') as Uid : undefined
  if (sop !== undefined) {
    Object.assign(attributes, JSON.parse(row.text('instance_header')),
      { '00080016': { vr: 'UI', Value: [row.text('sop_class')] }, '00080018': { vr: 'UI', Value: [sop] } })
  }
  const sorted = Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1)) as JsonAttributes
  return { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: sop, attributes: sorted }
}

function studyCounts (database: Database, study: Uid): JsonAttributes {
  const counts = database.get('SELECT COUNT(*) AS instances, COUNT(DISTINCT series) AS series FROM instances WHERE study = :study', { study })!
  const modalities = database.all('SELECT DISTINCT modality FROM series WHERE study = :study AND modality IS NOT NULL ORDER BY modality', { study })
  return {
    '00080061': { vr: 'CS', Value: modalities.map(row => row.text('modality')) },
    '00201206': { vr: 'IS', Value: [counts.number('series')] },
    '00201208': { vr: 'IS', Value: [counts.number('instances')] },
  }
}
