import { z } from 'zod'

/** One attribute as it may come in: anything but the structure is judged when a value is asked for. */
export interface JsonAttribute {
  vr?: string | undefined
  Value?: JsonValue[] | undefined
  InlineBinary?: string | undefined
  BulkDataURI?: string | undefined
}
export type JsonValue = null | string | number | { [key: string]: unknown }
export type JsonObject = Record<string, JsonAttribute>

const attributeSchema = z.object({
  vr: z.string().regex(/^[A-Z]{2}$/).optional(),
  Value: z.array(z.union([z.null(), z.string(), z.number(), z.record(z.string(), z.unknown())])).optional(),
  InlineBinary: z.string().optional(),
  BulkDataURI: z.string().optional(),
})

/** One level of the DICOM JSON Model (PS3.18 F.2); items of sequences are checked when they are opened. */
export const jsonObjectSchema = z.record(z.string().regex(/^[0-9A-F]{8}$/), attributeSchema)
