import { isUsable } from '../imaging/voi-lut.ts'
import type { Voi, VoiFunction } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'

/** The frame to fit a picture into, in pixels, and the part of the picture (PS3.18 8.3.5.1.3). */
export interface Viewport {
  /** Infinity where that side does not bound the picture. */
  readonly width: number
  readonly height: number
  /** Source pixels; an absent size reaches to the edge. A negative one mirrors the picture. */
  readonly left: number
  readonly top: number
  readonly sourceWidth: number | undefined
  readonly sourceHeight: number | undefined
}

/** How a picture is to be made. */
export interface RenderParameters {
  /** In place of the header's. */
  readonly voi: Voi | undefined
  readonly viewport: Viewport | undefined
  /** 1..100, of JPEG. */
  readonly quality: number
  /** Values of `annotation`, none of which is supported. */
  readonly annotations: readonly string[]
}

export const defaultQuality = 90
/** What a thumbnail fits into when nobody says. */
export const thumbnailSide = 128

const functions: ReadonlyMap<string, VoiFunction> = new Map([['linear', 'LINEAR'], ['linear-exact', 'LINEAR_EXACT'], ['sigmoid', 'SIGMOID']])

/**
 * The query parameters of a rendered resource (PS3.18 8.3.5.1); unknown ones are ignored.
 * @throws AppError `request-malformed`, naming the parameter, never its value
 */
export function parseRenderParameters (query: URLSearchParams): RenderParameters {
  const window = only(query, 'window')
  const viewport = only(query, 'viewport')
  return {
    voi: window === undefined ? undefined : parseWindow(window),
    viewport: viewport === undefined ? undefined : parseViewport(viewport),
    quality: parseQuality('quality', only(query, 'quality')),
    annotations: parseAnnotations('annotation', only(query, 'annotation')),
  }
}

/**
 * A thumbnail knows `viewport` alone, and of that the two sizes (PS3.18 8.3.5.1.3).
 * @throws AppError `request-malformed`
 */
export function parseThumbnailParameters (query: URLSearchParams): RenderParameters {
  const text = only(query, 'viewport')
  if (text !== undefined && text.split(',').length !== 2) throw malformed('viewport', 'The viewport of a thumbnail is a width and a height')
  const viewport = parseViewport(text ?? `${thumbnailSide},${thumbnailSide}`)
  return { voi: undefined, viewport, quality: defaultQuality, annotations: [] }
}

/**
 * A window whose function is defined for its width (PS3.3 C.11.2.1.2).
 * @param parameter what the message names
 * @throws AppError `request-malformed`
 */
export function windowOf (parameter: string, center: string, width: string, name: string): Voi {
  const known = functions.get(name.trim().toLowerCase())
  if (known === undefined) throw malformed(parameter, `The function of ${parameter} is none of linear, linear-exact and sigmoid`)
  const voi: Voi = { kind: 'window', center: decimal(parameter, center), width: decimal(parameter, width), function: known }
  if (!isUsable(voi)) throw malformed(parameter, `The width of ${parameter} is too small for its function`)
  return voi
}

/** @throws AppError `request-malformed` unless it is a whole number from 1 to 100 */
export function parseQuality (parameter: string, text: string | undefined): number {
  if (text === undefined) return defaultQuality
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > 100) {
    throw malformed(parameter, `${parameter} is not a whole number from 1 to 100`)
  }
  return Number(text)
}

/** A length in pixels. @throws AppError `request-malformed` unless it is a whole number from 1 to 99,999 */
export function parsePixels (parameter: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw malformed(parameter, `${parameter} is not a whole number of pixels`)
  return Number(text)
}

/** Keywords of annotations. @throws AppError `request-malformed` */
export function parseAnnotations (parameter: string, text: string | undefined): string[] {
  const values = (text ?? '').split(',').map(value => value.trim()).filter(value => value !== '')
  // they are repeated in a header of the answer
  if (!values.every(value => /^[\w.-]{1,64}$/.test(value)) || values.length > 16) throw malformed(parameter, `${parameter} is not a list of keywords`)
  return values
}

/** The Warning of PS3.18 8.3.5.1.1, word for word; `undefined` when no annotation was asked for. None is supported. */
export function annotationWarning (base: string, annotations: readonly string[]): string | undefined {
  if (annotations.length === 0) return undefined
  return `299 ${base}: The following annotation values are not supported: ${annotations.join(', ')}`
}

/** The one value of a parameter. @throws AppError `request-malformed` when it is given twice */
export function only (query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  if (values.length > 1) throw malformed(name, `${name} is given twice`)
  return values[0]
}

/** A request that cannot be understood because of one parameter. */
export function malformed (parameter: string, message: string): AppError {
  return new AppError('request-malformed', message, { parameter })
}

function parseWindow (text: string): Voi {
  const [center, width, name, ...rest] = text.split(',')
  if (center === undefined || width === undefined || name === undefined || rest.length > 0) {
    throw malformed('window', 'window is not a center, a width and a function')
  }
  return windowOf('window', center, width, name)
}

/** `vw,vh[,sx,sy,sw,sh]`; values in the middle may be left empty. */
function parseViewport (text: string): Viewport {
  const values = text.split(',')
  const [width = '', height = '', ...source] = values
  if (values.length < 2 || values.length > 6) throw malformed('viewport', 'viewport does not have two to six numbers')
  const [left, top, sourceWidth, sourceHeight] = source.map(value => value === '' ? undefined : decimal('viewport', value))
  if (sourceWidth === 0 || sourceHeight === 0) throw malformed('viewport', 'viewport shows nothing of the picture')
  return {
    width: parsePixels('viewport', width), height: parsePixels('viewport', height), left: left ?? 0, top: top ?? 0, sourceWidth, sourceHeight,
  }
}

/** @throws AppError `request-malformed` unless it is a finite decimal number */
export function decimal (parameter: string, text: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN
  if (!Number.isFinite(number)) throw malformed(parameter, `${parameter} holds something that is not a number`)
  return number
}
