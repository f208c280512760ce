import { z } from 'zod'

/** How VOI is chosen: the header's own, a fixed window, or percentiles of the foreground. */
export const voiChoiceSchema = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('header') }),
  z.strictObject({ from: z.literal('window'), center: z.number(), width: z.number().positive() }),
  z.strictObject({ from: z.literal('percentiles'), low: z.number().min(0).max(100), high: z.number().min(0).max(100) }),
])

/** Everything between stored pixels and the network's input that may differ between models. Part of every manifest. */
export const preprocessingSchema = z.strictObject({
  /** Columns of the raster. */
  width: z.int().positive(),
  /** Rows of the raster. */
  height: z.int().positive(),
  voi: voiChoiceSchema,
  /** `pad` keeps the physical aspect; `stretch` fills the raster, as the paper did. */
  fit: z.enum(['pad', 'stretch']),
  /** `area`: area average when shrinking, bilinear when enlarging; `nearest`: as Keras's load_img. */
  resample: z.enum(['area', 'nearest']),
  /** Round to 256 levels before scaling, as the paper's picture files were. */
  quantize8bit: z.boolean(),
  /** The value of black and of white, for the windowed channel(s). */
  range: z.tuple([z.number(), z.number()]),
  /** `equal`: three equal channels. `normalized`: windowed intensity; intensity over the foreground mean; local contrast. */
  channels: z.enum(['equal', 'normalized']),
})

export type VoiChoice = z.infer<typeof voiChoiceSchema>
export type Preprocessing = z.infer<typeof preprocessingSchema>

/** The paper's: the whole matrix stretched to 224×224 by the nearest pixel, 8-bit picture files, three equal channels. */
export const paperPreprocessing: Preprocessing = {
  width: 224, height: 224, voi: { from: 'header' }, fit: 'stretch', resample: 'nearest', quantize8bit: true, range: [0, 1], channels: 'equal',
}
