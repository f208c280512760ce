import { level, viridis } from '../imaging/colormap.ts'
import { fitImage } from '../imaging/draw.ts'
import { mapToSource } from '../imaging/map-to-source.ts'
import { toRgb } from '../imaging/overlay.ts'
import type { AffineMap, GrayImage, RgbImage } from '../imaging/raster.ts'
import type { Heatmap } from '../model/finding.ts'
import { drawOverlay } from './heatmap-picture.ts'
import type { PdfDocument, PdfPicture } from './pdf-document.ts'
import type { SliceResult } from './series-findings.ts'

/** A baseline JPEG file, 8 bits a sample. */
export type EncodeJpeg = (image: GrayImage | RgbImage, quality: number) => Promise<Uint8Array>

/** Above, a picture is reduced: at 6 cm of paper nobody sees more. */
const longestSide = 512
const quality = 85

/** The windowed slice alone. */
export async function originalPicture (document: PdfDocument, display: GrayImage, encode: EncodeJpeg): Promise<PdfPicture> {
  const fits = Math.max(display.width, display.height) <= longestSide
  return await embed(document, fits ? display : toRgb(display), encode)
}

/** The slice under a map, as in the heatmaps, without legend. */
export async function overlayPicture (
  document: PdfDocument, display: GrayImage, { finding, toSource }: SliceResult, heatmap: Heatmap | undefined, encode: EncodeJpeg,
): Promise<PdfPicture> {
  const probability = finding.kind === 'classified' ? finding.probability : 0
  return await embed(document, drawOverlay(display, heatmap, toSource, probability, 1), encode)
}

/** The map alone in viridis, at the matrix of its source; all at zero where there is none. */
export async function mapPicture (
  document: PdfDocument, { width, height }: GrayImage, heatmap: Heatmap, toSource: AffineMap | undefined, encode: EncodeJpeg,
): Promise<PdfPicture> {
  const values = toSource === undefined || heatmap.empty
    ? new Float32Array(width * height)
    : mapToSource(heatmap.values, heatmap.width, heatmap.height, toSource, width, height)
  const data = new Uint8Array(values.length * 3)
  for (let from = 0, to = 0; from < values.length; from++, to += 3) {
    const color = level(values[from]!) * 3
    data[to] = viridis[color]!
    data[to + 1] = viridis[color + 1]!
    data[to + 2] = viridis[color + 2]!
  }
  return await embed(document, { width, height, data }, encode)
}

async function embed (document: PdfDocument, image: GrayImage | RgbImage, encode: EncodeJpeg): Promise<PdfPicture> {
  const scale = longestSide / Math.max(image.width, image.height)
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale))
  const reduced = scale < 1 ? fitImage(image, side(image.width), side(image.height)) : image
  return document.picture(await encode(reduced, quality), reduced.width, reduced.height)
}
