import { toAppError } from '../errors.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { decodePicture } from '../imaging/decode-picture.ts'
import { unlikeness } from '../imaging/out-of-distribution.ts'
import { implausibility } from '../imaging/plausibility.ts'
import type { AffineMap, GrayImage, Raster } from '../imaging/raster.ts'
import { rasterizeGray } from '../imaging/rasterize.ts'
import type { SliceFinding } from '../model/finding.ts'
import type { AnalysisTools } from './analyze-series.ts'

/** What was found in a JPG or PNG. */
export interface PictureResult {
  readonly finding: SliceFinding
  /** absent where it could not be decoded */
  readonly picture: GrayImage | undefined
  /** raster → picture; absent where there is no raster */
  readonly toSource: AffineMap | undefined
}

/**
 * Classifies one picture as `analyzeSeries` does a slice: what is no picture, or unlike the model's, is undetermined, what cannot be
 * read has failed. It is taken as an upright axial slice, already windowed: nothing in the file says so.
 * @throws AppError `engine-failed`
 */
export async function analyzePicture (
  bytes: Uint8Array, { classifier, decoder, methods }: Pick<AnalysisTools, 'classifier' | 'methods'> & { readonly decoder: Decoder },
): Promise<PictureResult> {
  let picture: GrayImage
  let raster: Raster
  try {
    picture = await decodePicture(bytes, decoder)
    raster = rasterizeGray(picture, classifier.manifest.preprocessing)
  } catch (thrown) {
    const { code, message } = toAppError(thrown)
    return { finding: { kind: 'failed', reason: { code, text: message } }, picture: undefined, toSource: undefined }
  }
  const { toSource } = raster
  const nothing = implausibility({ ...picture, samplesPerPixel: 1 })
  const reason = nothing === undefined ? unlikeness(raster, classifier.manifest) : { code: 'implausible-pixels', text: nothing }
  if (reason !== undefined) return { finding: { kind: 'undetermined', reason }, picture, toSource }
  const [classification] = await classifier.classify([raster], methods)
  return { finding: { kind: 'classified', ...classification! }, picture, toSource }
}
