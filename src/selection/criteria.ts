import { z } from 'zod'

/** The contrasts that a series can be selected for. */
export const contrasts = ['T2', 'FLAIR'] as const
export type Contrast = typeof contrasts[number]

/** What a site may set about the selection; the defaults are the documented behaviour. */
export const criteriaSchema = z.strictObject({
  /** Contrasts to analyse. */
  contrasts: z.array(z.enum(contrasts)).min(1).default([...contrasts]),
  /** Take multiplanar reformats (ImageType DERIVED … MPR) too. */
  acceptReformats: z.boolean().default(false),
  /** Take axial 3D acquisitions too; the paper used 2D. */
  accept3d: z.boolean().default(true),
  /** Largest angle between the slice normal and the patient's long axis, degrees. */
  maximumTilt: z.number().min(0).max(45).default(35),
  /** Manufacturer names by which our own results are known. */
  own: z.strictObject({
    manufacturers: z.array(z.string()).default(['tuberlens']),
  }).prefault({}),
})

export type SelectionCriteria = z.infer<typeof criteriaSchema>

/** Axial T2 and FLAIR, 2D or 3D, no reformats. */
export const defaultCriteria: SelectionCriteria = Object.freeze(criteriaSchema.parse({}))
