import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { SearchLevel, SearchRow } from '../../archive/archive.ts'
import { attributesOfLevel, matchableAttributes, searchableAttributes } from '../../archive/searchable-attributes.ts'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { toXml } from '../../dicomweb/dicom-xml.ts'
import type { JsonDataset } from '../../dicomweb/json-model.ts'
import { combineMoments, parseQuery, type Query, queryWarnings } from '../../dicomweb/query.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, pathUids, queryParameters } from '../dicomweb-url.ts'
import { sendParts } from '../multipart-answer.ts'

const offers = [
  { type: 'application/dicom+json' },
  { type: 'application/json' },
  { type: 'application/dicom+xml', multipart: true },
] as const

/** QIDO-RS (PS3.18 10.6). */
export function searchRoutes (context: ServiceContext): FastifyPluginCallback {
  const search = (level: SearchLevel) => async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { study, series } = pathUids(request)
    const { header, parameter } = acceptOf(request)
    const chosen = negotiate(parseAccept(header, parameter), offers)
    if (chosen === undefined) throw new AppError('not-acceptable', 'A search is answered with application/dicom+json or application/dicom+xml')
    const query = parseQuery(queryParameters(request), matchableAttributes(level))
    const { limit, offset } = query
    const matches = combineMoments(query.matches)
    const result = context.archive.search({ level, study, series, matches, limit, offset })
    const base = baseUrlOf(request, context.settings)
    const warnings = queryWarnings(base, query, { total: result.total, rows: result.rows.length })
    if (warnings.length > 0) void reply.header('warning', warnings)
    if (result.rows.length === 0) return await reply.code(204).send()
    const tags = returnedTags(level, series !== undefined ? 'series' : study !== undefined ? 'study' : undefined, query)
    const datasets = result.rows.map(row => datasetOf(row, tags, base))
    if (chosen.offer.type !== 'application/dicom+xml') return await reply.type(chosen.offer.type).send(Buffer.from(JSON.stringify(datasets)))
    const parts = datasets.map(dataset => ({ headers: { 'Content-Type': chosen.offer.type }, body: Buffer.from(toXml(dataset)) }))
    return await sendParts(request, reply, chosen.offer.type, parts)
  }
  return (app, _options, done) => {
    app.get('/studies', search('study'))
    app.get('/series', search('series'))
    app.get('/instances', search('instance'))
    app.get('/studies/:study/series', search('series'))
    app.get('/studies/:study/instances', search('instance'))
    app.get('/studies/:study/series/:series/instances', search('instance'))
    done()
  }
}

/** SpecificCharacterSet and the UIDs above a match are in every result. */
const inEvery: readonly string[] = ['00080005', '0020000D', '0020000E']

/**
 * What PS3.18 10.6.3.3 asks for: the attributes of the level, of the levels above that the path does not fix, and those that
 * are matched or included, as far as they are kept.
 */
function returnedTags (level: SearchLevel, fixed: 'study' | 'series' | undefined, { matches, fields }: Query): ReadonlySet<string> {
  const kept = searchableAttributes(level)
  const above = fixed === undefined ? [] : fixed === 'study' ? attributesOfLevel.study : [...attributesOfLevel.study, ...attributesOfLevel.series]
  const matched = new Set(matches.map(({ keyword }) => keyword.replace(/\..*/, '')))
  const returned = kept.filter(attribute => (!above.includes(attribute) && (attribute.always === true || fields === 'all')) ||
    matched.has(attribute.keyword) || (fields !== 'all' && fields.includes(attribute.tag)))
  return new Set([...inEvery, ...returned.map(({ tag }) => tag)])
}

/** A row with InstanceAvailability (0008,0056) and RetrieveURL (0008,1190), tags in ascending order (PS3.18 F.2.2). */
function datasetOf (row: SearchRow, tags: ReadonlySet<string>, base: string): JsonDataset {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = row
  const url = `${base}/studies/${studyInstanceUid}` + (seriesInstanceUid === undefined ? '' : `/series/${seriesInstanceUid}`) +
    (sopInstanceUid === undefined ? '' : `/instances/${sopInstanceUid}`)
  const dataset: JsonDataset = {
    ...Object.fromEntries(Object.entries(row.attributes).filter(([tag]) => tags.has(tag))),
    '00080056': { vr: 'CS', Value: ['ONLINE'] },
    '00081190': { vr: 'UR', Value: [url] },
  }
  return Object.fromEntries(Object.entries(dataset).sort(([a], [b]) => a < b ? -1 : 1))
}
