import { isUid, type Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import { decimal, malformed, only, parseAnnotations, parsePixels, parseQuality, type RenderParameters, windowOf } from './render-parameters.ts'

/** Part of an image, 0 to 1 from its left and its top (PS3.18 9.5.1.2.5). */
export interface Region { readonly left: number, readonly top: number, readonly right: number, readonly bottom: number }

/** A request of the URI service (PS3.18 9), checked. */
export interface WadoUriRequest {
  readonly study: Uid
  readonly series: Uid
  readonly instance: Uid
  /** Acceptable media types as they were written; `undefined` leaves them to the Accept header. */
  readonly contentType: string | undefined
  readonly transferSyntax: string | undefined
  /** From 1. */
  readonly frame: number | undefined
  /** Most rows and columns of the picture; its aspect is kept. */
  readonly rows: number | undefined
  readonly columns: number | undefined
  readonly region: Region | undefined
  readonly render: Omit<RenderParameters, 'viewport'>
}

/**
 * The parameters of PS3.18 9.1.2, 9.4.1.2 and 9.5.1.2; others are ignored, and so is `charset`: text comes as UTF-8.
 * @throws AppError `request-malformed`, `uid-invalid`; `not-acceptable` for `anonymize`, `not-found` for a presentation
 *   state, none of which is kept here
 */
export function parseWadoUri (query: URLSearchParams): WadoUriRequest {
  const given = (name: string): string => {
    const value = only(query, name)
    if (value === undefined || value === '') throw malformed(name, `${name} is missing`)
    return value
  }
  if (given('requestType') !== 'WADO') throw malformed('requestType', 'requestType is not WADO')
  const uid = (name: string): Uid => {
    const value = given(name)
    if (!isUid(value)) throw new AppError('uid-invalid', `${name} is not a valid UID`, { length: value.length })
    return value
  }
  const [study, series, instance] = [uid('studyUID'), uid('seriesUID'), uid('objectUID')]
  refuseUnsupported(query)
  const transferSyntax = only(query, 'transferSyntax')
  if (transferSyntax !== undefined && transferSyntax !== '*' && !isUid(transferSyntax)) throw malformed('transferSyntax', 'transferSyntax is not a UID')
  const [center, width] = [only(query, 'windowCenter'), only(query, 'windowWidth')]
  if ((center === undefined) !== (width === undefined)) throw malformed('windowCenter', 'windowCenter and windowWidth go together')
  const pixels = (name: string): number | undefined => {
    const text = only(query, name)
    return text === undefined ? undefined : parsePixels(name, text)
  }
  return {
    study,
    series,
    instance,
    contentType: only(query, 'contentType'),
    transferSyntax,
    frame: parseFrame(only(query, 'frameNumber')),
    rows: pixels('rows'),
    columns: pixels('columns'),
    region: parseRegion(only(query, 'region')),
    render: {
      voi: center === undefined || width === undefined ? undefined : windowOf('windowWidth', center, width, 'linear'),
      quality: parseQuality('imageQuality', only(query, 'imageQuality')),
      // the standard writes both names
      annotations: ['annotation', 'imageAnnotation'].flatMap(name => parseAnnotations(name, only(query, name))),
    },
  }
}

/** How an image of this size is to be drawn. */
export function renderParametersOf (
  { rows, columns, region, render }: WadoUriRequest, image: { readonly rows: number, readonly columns: number },
): RenderParameters {
  if (rows === undefined && columns === undefined && region === undefined) return { ...render, viewport: undefined }
  const { left, top, right, bottom } = region ?? { left: 0, top: 0, right: 1, bottom: 1 }
  const sourceWidth = (right - left) * image.columns
  const sourceHeight = (bottom - top) * image.rows
  const unscaled = rows === undefined && columns === undefined
  return {
    ...render,
    viewport: {
      width: unscaled ? sourceWidth : columns ?? Infinity,
      height: unscaled ? sourceHeight : rows ?? Infinity,
      left: left * image.columns,
      top: top * image.rows,
      // to the very edge where that was asked for, whatever the sum of two rounded numbers is
      sourceWidth: right === 1 ? undefined : sourceWidth,
      sourceHeight: bottom === 1 ? undefined : sourceHeight,
    },
  }
}

/** What is ignored without harm is not here: these change what the client believes it sees. */
function refuseUnsupported (query: URLSearchParams): void {
  const anonymize = only(query, 'anonymize')
  if (anonymize === 'yes') throw new AppError('not-acceptable', 'Instances are not de-identified here')
  if (anonymize !== undefined) throw malformed('anonymize', 'anonymize is not yes')
  const [series, state] = [only(query, 'presentationSeriesUID'), only(query, 'presentationUID')]
  if ((series === undefined) !== (state === undefined)) throw malformed('presentationUID', 'presentationUID and presentationSeriesUID go together')
  if (state !== undefined) throw new AppError('not-found', 'The presentation state is not here')
}

function parseFrame (text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw malformed('frameNumber', 'frameNumber is not a number from 1')
  return Number(text)
}

function parseRegion (text: string | undefined): Region | undefined {
  if (text === undefined) return undefined
  const numbers = text.split(',').map(part => decimal('region', part))
  const [left, top, right, bottom] = numbers
  if (numbers.length !== 4 || left === undefined || top === undefined || right === undefined || bottom === undefined ||
    !numbers.every(number => number >= 0 && number <= 1) || left >= right || top >= bottom) {
    throw malformed('region', 'region is not a left, top, right and bottom from 0 to 1')
  }
  return { left, top, right, bottom }
}
