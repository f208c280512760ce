import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { attributesOfLevel, matchableAttributes } from '../src/archive/searchable-attributes.ts'
import { loadConfig } from '../src/config.ts'
import { characterSetTerms } from '../src/dicom/character-set.ts'
import { defaultParseLimits } from '../src/dicom/parse-limits.ts'
import { defaultPixelLimits } from '../src/dicom/pixel-layout.ts'
import { sopClass, sopClasses } from '../src/dicom/sop-classes.ts'
import { transferSyntaxes } from '../src/dicom/transfer-syntaxes.ts'
import { frameMediaTypes } from '../src/dicomweb/frame-media-type.ts'
import { defaultMultipartLimits } from '../src/dicomweb/multipart-related.ts'
import { defaultLimit, maximumLimit } from '../src/dicomweb/query.ts'
import { failureReasonRules, statusRules } from '../src/dicomweb/store-outcome.ts'
import { type FailureReason, failureReasons, storeStatus, warningReasons } from '../src/dicomweb/store-response.ts'
import { sendingSyntax } from '../src/dicomweb/transcode.ts'
import { keyObjectSelectionClassUid } from '../src/report/key-object-selection.ts'
import { encapsulatedPdfClassUid } from '../src/report/pdf-object.ts'
import { multiFrameCaptureClassUid, parametricMapClassUid } from '../src/report/map-stacks.ts'
import { secondaryCaptureClassUid } from '../src/report/result-series.ts'
import { srSopClassUids } from '../src/report/structured-report.ts'
import { httpTitles, problemOfStatus, problems } from '../src/service/problems.ts'
import { mostMetadataBytes } from '../src/service/metadata-message.ts'
import { defaultBodyPace } from '../src/service/slow-body-watchdog.ts'
import { deliveryActions } from '../src/workflow/delivery-rules.ts'
import { rows } from './markdown-table.ts'

interface Operation { readonly tags: readonly string[], readonly summary: string, readonly responses: Readonly<Record<string, unknown>> }
interface Description {
  readonly tags: readonly { readonly name: string, readonly description?: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const searchLevels = ['study', 'series', 'instance'] as const

/** The tables of docs/conformance.md, from what the code holds. `npm run readme` writes them; test/conformance.test.ts compares them. */
export const conformanceTables: Readonly<Record<string, () => string>> = {
  'table of analysed SOP classes': () => rows(['SOP class', 'UID'], sopClasses.filter(({ mr }) => mr !== undefined).map(({ name, uid }) => [name, code(uid)])),
  'table of other SOP classes': () => rows(['SOP class', 'UID'], sopClasses.filter(({ mr }) => mr === undefined).map(({ name, uid }) => [name, code(uid)])),
  'table of written SOP classes': () => rows(['SOP class', 'UID', 'When'], [
    ...Object.entries(srSopClassUids).map(([value, uid]) => [sopClass(uid)?.name ?? uid, code(uid), `\`TUBERLENS_SR_SOP_CLASS=${value}\``]),
    [sopClass(secondaryCaptureClassUid)?.name ?? '', code(secondaryCaptureClassUid), 'heatmaps and summary page'],
    [sopClass(multiFrameCaptureClassUid)?.name ?? '', code(multiFrameCaptureClassUid), 'heatmaps where `TUBERLENS_HEATMAP_MULTIFRAME=true`'],
    [sopClass(parametricMapClassUid)?.name ?? '', code(parametricMapClassUid), '`TUBERLENS_PARAMETRIC_MAPS=true`'],
    [sopClass(keyObjectSelectionClassUid)?.name ?? '', code(keyObjectSelectionClassUid), '`TUBERLENS_KEY_OBJECT_SELECTION=true`, of a study with a positive slice'],
    [sopClass(encapsulatedPdfClassUid)?.name ?? '', code(encapsulatedPdfClassUid), '`TUBERLENS_PDF_REPORT=true`'],
  ]),
  'table of transfer syntaxes': () => rows(
    ['Transfer syntax', 'UID', 'Read', 'Sent as stored', 'Frames as stored'],
    transferSyntaxes.map(({ uid, name, lossy }) =>
      [name, code(uid), lossy ? 'may be lossy' : 'exact', sendingSyntax(uid, '*') === uid ? 'yes' : 'no', frameMediaTypes(uid).map(code).join(', ')]),
  ),
  'table of routes': () => routes(parse(readFileSync(new URL('../openapi.yaml', import.meta.url), 'utf8'), { merge: true }) as Description),
  'table of failure reasons': () => rows(
    ['FailureReason', 'Decimal', 'Meaning', 'Status when all instances fail so'],
    Object.entries(failureReasons).map(([reason, { code, text }]) =>
      [hexadecimal(code), String(code), text, String(storeStatus([{ kind: 'failed', reason: reason as FailureReason, comment: '' }]))]),
  ),
  'table of warning reasons': () => rows(
    ['WarningReason', 'Decimal', 'Meaning'], Object.values(warningReasons).map(({ code, text }) => [hexadecimal(code), String(code), text]),
  ),
  'table of problems': () => rows(['Status', '`code`', 'Title', '`temporary`'], [
    ...Object.entries(problems).map(([name, kind]) => [String(kind.status), code(name), kind.title, 'temporary' in kind ? 'true' : 'false']),
    ...Object.entries(httpTitles).map(([status, title]) => [status, code(`http-${status}`), title, String(problemOfStatus(Number(status), '').temporary)]),
  ].sort((a, b) => `${a[0]}`.localeCompare(`${b[0]}`))),
  'table of search attributes': () => rows(['Level', 'Always returned', 'Returned when asked for', 'Not matched'], searchLevels.map(level => {
    const attributes = attributesOfLevel[level]
    const matched = matchableAttributes(level).map(({ tag }) => tag)
    return [level, ...[
      attributes.filter(({ always }) => always === true), attributes.filter(({ always }) => always !== true), attributes.filter(({ tag }) => !matched.includes(tag)),
    ].map(list)]
  })),
  'table of reasons received': () => rows(['FailureReason', 'What follows', 'Alert'], failureReasonRules.map(({ from, to, cause, alert }) =>
    [span(hexadecimal(from), hexadecimal(to)), deliveryActions[cause], alert ? 'yes' : 'no'])),
  'table of statuses received': () => rows(['Status', 'What follows', 'Alert'], statusRules.map(({ from, to, cause, alert }) =>
    [span(String(from), String(to)), deliveryActions[cause], alert ? 'yes' : 'no'])),
  'table of character sets': () => rows(['SpecificCharacterSet (0008,0005)', 'Defined terms'], [
    ['one value', characterSetTerms.single.map(code).join(', ')],
    ['several values, with escape sequences', characterSetTerms.extensions.map(code).join(', ')],
  ]),
  'table of limits': () => {
    const { web: { renderMaxPixels } } = loadConfig({})
    const { maxRequestBytes, maxInstanceBytes, maxParts, maxConcurrentStores } = loadConfig({}).reception
    return rows(['What', 'At most', 'Beyond it'], [
      ['store request', `${mebi(maxRequestBytes)} (\`TUBERLENS_MAX_REQUEST_BYTES\`)`, '413'],
      ['instance in a store request', `${mebi(maxInstanceBytes)} (\`TUBERLENS_MAX_INSTANCE_BYTES\`)`, '413'],
      ['parts of a store request', `${maxParts} (\`TUBERLENS_MAX_PARTS\`)`, '413'],
      ['metadata in the parts of a store request', mebi(mostMetadataBytes), '413'],
      ['store requests at the same time', `${maxConcurrentStores} (\`TUBERLENS_STOW_MAX_CONCURRENT\`)`, '503'],
      ['header of a part', `${defaultMultipartLimits.headerBytes} bytes, ${defaultMultipartLimits.headerPairs} fields`, '413'],
      ['pace of a body', `not below ${defaultBodyPace.minBytesPerSecond} bytes/s over ${defaultBodyPace.intervalMs / 1000} s, ${defaultBodyPace.totalMs / 60_000} min in all`, '408'],
      ['depth of sequences', String(defaultParseLimits.depth), 'C000'],
      ['elements and items of an instance', String(defaultParseLimits.elements), 'C000'],
      ['bytes of an instance, inflated', mebi(defaultParseLimits.bytes), 'A701'],
      ['Rows × Columns', String(defaultPixelLimits.pixels), 'A701'],
      ['NumberOfFrames', String(defaultPixelLimits.frames), 'A701'],
      ['pixels of an instance, decoded', mebi(defaultPixelLimits.bytes), 'A701'],
      ['pixels of an image, or of a picture, that is drawn', `${renderMaxPixels} (\`TUBERLENS_RENDER_MAX_PIXELS\`)`, '413'],
      ['results of a search', `${maximumLimit}, ${defaultLimit} without \`limit\``, '`Warning` says how many remain'],
    ])
  },
}

function routes ({ tags, paths }: Description): string {
  const services = new Map(tags.map(({ name, description }) => [name, description ?? name]))
  return rows(['Service', 'Request', 'What it does', 'Answers'], Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => method !== 'parameters').map(([method, { tags, summary, responses }]) =>
      [tags.map(tag => services.get(tag) ?? tag).join(', '), code(`${method.toUpperCase()} ${path}`), summary, Object.keys(responses).join(', ')])))
}

function hexadecimal (value: number): string { return value.toString(16).toUpperCase().padStart(4, '0') }

function span (from: string, to: string): string { return from === to ? from : `${from} to ${to}` }

function mebi (bytes: number): string { return `${bytes / 2 ** 20} MiB` }

function code (text: string | undefined): string { return text === undefined ? '' : `\`${text}\`` }

function list (attributes: readonly { keyword: string, tag: string }[]): string {
  return attributes.map(({ keyword, tag }) => `${keyword} (${tag.slice(0, 4)},${tag.slice(4)})`).join(', ')
}
