import type { Dataset } from '../dicom/dataset.ts'
import { codeItem } from './codes.ts'
import type { Code } from './codes.ts'

/** How an item belongs to its parent (PS3.3 C.17.3.2.4). */
export type Relationship = 'CONTAINS' | 'HAS CONCEPT MOD' | 'HAS OBS CONTEXT' | 'HAS ACQ CONTEXT' | 'INFERRED FROM' | 'SELECTED FROM'

/** An image that the tree points at. `frameNumber` (1-based) is given for multi-frame images only. */
export interface ImageReference { readonly sopClassUid: string, readonly sopInstanceUid: string, readonly frameNumber?: number }

/** Continuous coordinates of a frame: 0\0 is the outer corner of the first pixel, its centre 0.5\0.5 (PS3.3 C.18.6.1.1). */
export type Graphic =
  | { readonly type: 'POINT', readonly column: number, readonly row: number }
  | { readonly type: 'POLYLINE', readonly points: readonly (readonly [column: number, row: number])[] }

function item (
  relationship: Relationship,
  valueType: string,
  concept: Code | null,
  value: Dataset,
  children: readonly Dataset[] = [],
): Dataset {
  return {
    RelationshipType: relationship,
    ValueType: valueType,
    ...(concept === null ? {} : { ConceptNameCodeSequence: [codeItem(concept)] }),
    ...value,
    ...(children.length === 0 ? {} : { ContentSequence: children }),
  }
}

/** CODE (PS3.3 C.17.3). */
export function code (relationship: Relationship, concept: Code, value: Code): Dataset {
  return item(relationship, 'CODE', concept, { ConceptCodeSequence: [codeItem(value)] })
}

/** TEXT; the value is plain text, lines parted by CR LF. */
export function text (relationship: Relationship, concept: Code, value: string): Dataset {
  return item(relationship, 'TEXT', concept, { TextValue: value })
}

/** UIDREF. */
export function uidRef (relationship: Relationship, concept: Code, uid: string): Dataset {
  return item(relationship, 'UIDREF', concept, { UID: uid })
}

/**
 * NUM (PS3.3 C.18.1). `decimal` is what people read (DS), `exact` the full precision; a value that could not be measured
 * is a qualifier of CID 42 and an empty Measured Value Sequence.
 */
export function num (
  relationship: Relationship,
  concept: Code,
  value: { readonly decimal: string, readonly exact: number, readonly unit: Code } | { readonly qualifier: Code },
  children: readonly Dataset[],
): Dataset {
  if ('qualifier' in value) {
    const missing = { MeasuredValueSequence: [], NumericValueQualifierCodeSequence: [codeItem(value.qualifier)] }
    return item(relationship, 'NUM', concept, missing, children)
  }
  const { decimal, exact, unit } = value
  const measured = { NumericValue: decimal, FloatingPointValue: exact, MeasurementUnitsCodeSequence: [codeItem(unit)] }
  return item(relationship, 'NUM', concept, { MeasuredValueSequence: [measured] }, children)
}

/** IMAGE (PS3.3 C.18.4). A `null` concept is for images that a coordinate is selected from. */
export function image (relationship: Relationship, concept: Code | null, reference: ImageReference): Dataset {
  return item(relationship, 'IMAGE', concept, { ReferencedSOPSequence: [sopReference(reference)] })
}

/** The item of a Referenced SOP Sequence (PS3.3 table 10-3). */
export function sopReference (reference: ImageReference): Dataset {
  return {
    ReferencedSOPClassUID: reference.sopClassUid,
    ReferencedSOPInstanceUID: reference.sopInstanceUid,
    ...(reference.frameNumber === undefined ? {} : { ReferencedFrameNumber: reference.frameNumber }),
  }
}

/** SCOORD (PS3.3 C.18.6), selected from one image. */
export function scoord (relationship: Relationship, concept: Code, graphic: Graphic, selectedFrom: ImageReference): Dataset {
  const data = graphic.type === 'POINT' ? [graphic.column, graphic.row] : graphic.points.flat()
  const value = { GraphicType: graphic.type, GraphicData: data }
  return item(relationship, 'SCOORD', concept, value, [image('SELECTED FROM', null, selectedFrom)])
}

/** CONTAINER of separate items; `template` is the TID (DCMR) where one governs it. */
export function container (relationship: Relationship, concept: Code, children: readonly Dataset[], template?: string): Dataset {
  return item(relationship, 'CONTAINER', concept, containerValue(template), children)
}

/** The root CONTAINER: the same without a relationship. */
export function rootContainer (concept: Code, children: readonly Dataset[], template: string): Dataset {
  const { RelationshipType: _, ...root } = container('CONTAINS', concept, children, template)
  return root
}

function containerValue (template: string | undefined): Dataset {
  if (template === undefined) return { ContinuityOfContent: 'SEPARATE' }
  return {
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence: [{
      MappingResource: 'DCMR',
      MappingResourceUID: '1.2.840.10008.8.1.1',
      TemplateIdentifier: template,
    }],
  }
}
