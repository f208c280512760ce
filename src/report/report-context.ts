import type { ModelManifest } from '../model/manifest.ts'
import type { ObjectSettings } from './object-settings.ts'

/** Who and when: all that a builder does not find in its sources. The same context and findings give the same bytes. */
export interface ReportContext {
  readonly software: SoftwareIdentity
  readonly model: { readonly manifest: ModelManifest, readonly sha256: string, readonly engine: string }
  /** Analysis start as DICOM DA and TM, in the source's time zone where it states one. */
  readonly date: string
  readonly time: string
  /** Written as InstanceCreationDate/Time too; left out on the command line, so that two runs give the same bytes. */
  readonly instanceCreation: boolean
  readonly srSopClass: '88.34' | '88.33' | '88.22'
  readonly scModality: 'MR' | 'OT'
  readonly gradCam: boolean
  readonly saliency: boolean
  readonly evidence: boolean
  readonly objects: ObjectSettings
}

export interface SoftwareIdentity {
  readonly manufacturer: string
  readonly modelName: string
  readonly version: string
  readonly stationName: string
}
