import { z } from 'zod'
import { distributionSchema } from '../imaging/out-of-distribution.ts'
import { preprocessingSchema } from '../imaging/preprocessing.ts'

/** `keras`: any other network, imported from a Keras file. */
export const architectures = ['tsc-cnn', 'evidence-map', 'inception-v3', 'resnet-50', 'keras'] as const
export type Architecture = typeof architectures[number]

/** When a series is positive (pipeline: "study decision"). Chosen on validation patients, not on slices. */
export const seriesRuleSchema = z.discriminatedUnion('kind', [
  /** At least `positive` slices at or above the threshold, of which at least `consecutive` in a row. */
  z.strictObject({ kind: z.literal('count'), positive: z.int().positive(), consecutive: z.int().positive() }),
  /** The mean of the `k` largest probabilities is at or above `threshold`. */
  z.strictObject({ kind: z.literal('mean-top-k'), k: z.int().positive(), threshold: z.number().min(0).max(1) }),
])
export type SeriesRule = z.infer<typeof seriesRuleSchema>

/** `models/<name>/manifest.json`. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().min(1).max(64),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/),
  architecture: z.enum(architectures),
  preprocessing: preprocessingSchema,
  output: z.strictObject({
    /** The class whose probability the network gives. */
    positiveClass: z.literal('tuber'),
    /** A slice is positive at probability ≥ threshold. */
    threshold: z.number().min(0).max(1),
  }),
  /** Name of the layer whose activation Grad-CAM weighs. */
  gradCamLayer: z.string().min(1),
  /** Name of the layer that is the one-channel evidence map, where the network has one. */
  evidenceLayer: z.string().min(1).optional(),
  seriesRule: seriesRuleSchema,
  /** What the slices look like that the model was made for; others are undetermined. Absent: no slice is, by its looks. */
  distribution: distributionSchema.optional(),
  age: z.strictObject({
    /** The ages, in years, that the model was made for. */
    minimum: z.number().min(0),
    maximum: z.number().max(130),
    /** Below this age the result is undetermined. */
    undeterminedBelow: z.number().min(0),
  }),
  /** Every file of the model but this one, hashed. */
  files: z.array(z.strictObject({ path: z.string().regex(/^[\w.-]+$/), sha256: z.string().regex(/^[0-9a-f]{64}$/) })).min(1),
  training: z.strictObject({ data: z.string(), command: z.string(), seed: z.int(), softwareVersion: z.string() }),
  /** Figures as `evaluate` printed them; what each was measured on is in the key. */
  metrics: z.record(z.string(), z.number()),
  intendedUse: z.string(),
  limits: z.array(z.string()),
  licence: z.string(),
})
export type ModelManifest = z.infer<typeof manifestSchema>
