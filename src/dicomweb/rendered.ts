import type { Slice } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'
import type { Decoder, JpegEncoder } from '../imaging/decoder-pool.ts'
import { displayImage } from '../imaging/display.ts'
import { displayColor } from '../imaging/display-color.ts'
import { encodePng } from '../imaging/png.ts'
import type { GrayImage, RgbImage } from '../imaging/raster.ts'
import { type Placement, scalePicture } from '../imaging/scale-picture.ts'
import { type AcceptRange, type Chosen, negotiate, type Offer, parseAccept } from './accept.ts'
import { malformed, type RenderParameters, type Viewport } from './render-parameters.ts'

export type PictureType = 'image/jpeg' | 'image/png'

/**
 * DICOM media types and rendered ones do not mix in one request (PS3.18 8.7.5).
 * @throws AppError `request-malformed`
 */
export function refuseMixture (ranges: readonly AcceptRange[]): void {
  const types = ranges.map(innerType)
  if (types.some(type => type.startsWith('application/dicom')) && types.some(type => /^(image|text|video)\//.test(type))) {
    throw new AppError('request-malformed', 'Accept mixes DICOM media types with rendered ones')
  }
}

/**
 * Content negotiation of a rendered resource.
 * @throws AppError `request-malformed`; `not-acceptable`
 */
export function negotiateRendered<T extends Offer> (
  header: string | undefined, parameter: string | undefined, offers: readonly T[],
): Chosen<T> {
  const ranges = parseAccept(header, parameter)
  refuseMixture(ranges)
  const chosen = negotiate(ranges, offers)
  if (chosen === undefined) throw new AppError('not-acceptable', `The rendered form is ${offers.map(({ type }) => type).join(' or ')}`)
  return chosen
}

function innerType ({ type, parameters }: AcceptRange): string {
  return type.startsWith('multipart/') ? parameters.get('type')?.toLowerCase() ?? type : type
}

/**
 * Whether a frame of this size can be drawn as asked, and where its region goes.
 * @throws AppError `instance-too-large`, `payload-too-large`, `request-malformed`
 */
export function placementOf (
  { viewport }: Pick<RenderParameters, 'viewport'>, { rows, columns }: { readonly rows: number, readonly columns: number }, maximumPixels: number,
): Placement | undefined {
  if (rows * columns > maximumPixels) {
    throw new AppError('instance-too-large', 'The frame is too large to be drawn', { rows, columns, maximumPixels })
  }
  const placement = viewport === undefined ? undefined : place(viewport, columns, rows)
  if (placement !== undefined && placement.width * placement.height > maximumPixels) {
    throw new AppError('payload-too-large', 'The picture would be too large', { maximumPixels })
  }
  return placement
}

/**
 * One frame as a picture file: windowed as its header or the request says, the part and the size that were asked for.
 * @param maximumPixels of the frame and of the picture
 * @throws AppError as `placementOf` and decoding do
 */
export async function renderFrame (
  slice: Slice, parameters: RenderParameters, type: PictureType, codecs: Decoder & JpegEncoder, maximumPixels: number,
): Promise<Uint8Array> {
  const placement = placementOf(parameters, slice.pixel, maximumPixels)
  const picture = await draw(slice, parameters, codecs)
  const image = placement === undefined ? picture : scalePicture(picture, placement)
  return type === 'image/png' ? encodePng(image) : await codecs.encodeJpeg(image, parameters.quality)
}

async function draw (slice: Slice, { voi }: RenderParameters, decoder: Decoder): Promise<GrayImage | RgbImage> {
  const stored = await decoder.decodeSlice(slice)
  if (stored.samplesPerPixel === 3) return displayColor(stored, slice.pixel)
  return displayImage(voi === undefined ? slice : { ...slice, voi: [voi] }, stored)
}

/** The largest picture of the region, its aspect kept, that fits the viewport (PS3.18 8.3.5.1.3). */
function place (viewport: Viewport, columns: number, rows: number): Placement {
  const { left, top, sourceWidth = columns - left, sourceHeight = rows - top } = viewport
  const region = { left, top, width: Math.abs(sourceWidth), height: Math.abs(sourceHeight) }
  const within = left >= 0 && top >= 0 && region.width > 0 && region.height > 0 &&
    left + region.width <= columns && top + region.height <= rows
  if (!within) throw malformed('viewport', 'viewport reaches beyond the picture')
  const scale = Math.min(viewport.width / region.width, viewport.height / region.height)
  return {
    region,
    width: Math.max(1, Math.round(region.width * scale)),
    height: Math.max(1, Math.round(region.height * scale)),
    mirrored: sourceWidth < 0,
    upsideDown: sourceHeight < 0,
  }
}
