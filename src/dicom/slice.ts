import type { Attributes } from './attributes.ts'
import type { Instance } from './instance.ts'

/** Patient coordinates in millimetres, LPS: x to the left, y to the back, z to the head (PS3.3 C.7.6.2.1.1). */
export type Vector3 = readonly [number, number, number]

/** Image Plane (PS3.3 C.7.6.2). */
export interface ImagePlane {
  /** ImagePositionPatient: the centre of the first pixel. */
  readonly position: Vector3
  /** Unit vector along a row (increasing column index). */
  readonly rowCosines: Vector3
  /** Unit vector down a column (increasing row index). */
  readonly columnCosines: Vector3
  /** PixelSpacing in mm: [between rows, between columns]. */
  readonly spacing: readonly [number, number]
  readonly sliceThickness: number | undefined
}

/** Image Pixel (PS3.3 C.7.6.3), the part that decoding needs. */
export interface ImagePixel {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly photometricInterpretation: string
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly highBit: number
  /** PixelRepresentation 1 */
  readonly signed: boolean
  readonly planarConfiguration: number
  /** PixelPaddingValue … PixelPaddingRangeLimit, as stored values, low to high. */
  readonly padding: readonly [number, number] | undefined
}

/** The Modality LUT, or the frame's Pixel Value Transformation: a line, or a table (PS3.3 C.11.1). */
export type ModalityTransform =
  | { readonly kind: 'linear', readonly slope: number, readonly intercept: number }
  | { readonly kind: 'table', readonly lut: LookUpTable }

/** A LUT of PS3.3 C.11.1.1: `first` is the stored value of entry 0; beyond the ends the end entries hold. */
export interface LookUpTable { readonly first: number, readonly bits: number, readonly entries: Uint16Array }

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'
/** One VOI of the header (PS3.3 C.11.2), in the order given there. */
export type Voi =
  | { readonly kind: 'window', readonly center: number, readonly width: number, readonly function: VoiFunction }
  | { readonly kind: 'table', readonly lut: LookUpTable }

/** What selection reads of one frame; times in ms, angles in degrees, absent is `undefined`. */
export interface MrAcquisition {
  readonly repetitionTime: number | undefined
  readonly echoTime: number | undefined
  /** 0 is read as absent. */
  readonly inversionTimes: readonly number[]
  readonly echoTrainLength: number | undefined
  readonly flipAngle: number | undefined
  /** ScanningSequence values: SE, IR, GR, EP, RM. Enhanced MR: derived from EchoPulseSequence and InversionRecovery. */
  readonly scanningSequence: readonly string[]
  readonly sequenceVariant: readonly string[]
  readonly scanOptions: readonly string[]
  readonly mrAcquisitionType: '2D' | '3D' | undefined
  /** Enhanced MR AcquisitionContrast, PS3.3 C.8.13.3.1.1 */
  readonly acquisitionContrast: string | undefined
  readonly echoPlanar: boolean
  readonly inversionRecovery: boolean
  /** All b-values found, standard or vendor-private, s/mm². */
  readonly diffusionBValues: readonly number[]
  readonly diffusionDirectionality: string | undefined
}

/** One frame, classic or enhanced alike: functional groups are resolved here and nowhere else. */
export interface Slice {
  readonly source: Instance
  /** 1-based */
  readonly frameNumber: number
  /** The frame's own items: per-frame functional groups over shared ones over the data set. */
  readonly attributes: Attributes
  /** Absent where the header gives no geometry. */
  readonly plane: ImagePlane | undefined
  readonly frameOfReferenceUid: string | undefined
  readonly pixel: ImagePixel
  readonly modality: ModalityTransform
  readonly voi: readonly Voi[]
  readonly acquisition: MrAcquisition
  readonly imageType: readonly string[]
  readonly instanceNumber: number | undefined
  readonly warnings: readonly string[]
}
