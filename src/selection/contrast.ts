import type { Slice } from '../dicom/slice.ts'
import type { Contrast } from './criteria.ts'
import type { Evidence } from './evidence.ts'
import { evidence, freeTextEvidence } from './evidence.ts'
import type { PhysicsFinding } from './physics-contrast.ts'
import { physicsContrast } from './physics-contrast.ts'
import type { Rejection } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'
import type { TextFinding } from './text-contrast.ts'
import { textContrast } from './text-contrast.ts'

/** A frame that shows a contrast to analyse. */
export interface ContrastFound {
  readonly contrast: Contrast
  /** What it rests on, for people. */
  readonly because: string
  readonly evidence: readonly Evidence[]
  readonly notes: readonly string[]
}
export type ContrastVerdict = ContrastFound | { readonly contrast: 'other', readonly rejection: Rejection }

/** One text, or one coded word, and what it says. */
interface Said {
  readonly finding: NonNullable<TextFinding>
  readonly attribute: string
  readonly value: string
  readonly freeText: boolean
}

/**
 * T2, FLAIR or other, with evidence: physics first; text decides only where the physics is absent or lies between the ranges,
 * and where they disagree physics wins and the evidence says so.
 */
export function contrastOf (slice: Slice): ContrastVerdict {
  const physics = physicsContrast(slice.acquisition)
  const said = textsOf(slice)
  if (physics.says === 'nothing') return byText(physics, said)
  if (physics.says === 'other') {
    const texts = said.map(one => shown(one, one.finding.says === 'other' ? `says ${whatItSays(one)}` : overruledRule(one)))
    const all = [...physics.rejection.evidence, ...texts]
    return { contrast: 'other', rejection: { ...physics.rejection, evidence: all } }
  }
  const against = said.filter(one => one.finding.says !== physics.says && !(one.finding.says === 'T2' && physics.says === 'FLAIR'))
  return {
    contrast: physics.says,
    because: physics.because,
    evidence: [...physics.evidence, ...said.map(one => shown(one, against.includes(one) ? overruledRule(one) : 'agrees'))],
    notes: [...physics.notes, ...against.slice(0, 1).map(one => `the text says ${whatItSays(one)}, the acquisition says ${physics.says}`)],
  }
}

function byText (physics: PhysicsFinding & { says: 'nothing' }, said: readonly Said[]): ContrastVerdict {
  const excluding = said.find(one => one.finding.says === 'other')
  if (excluding?.finding.says === 'other') {
    return {
      contrast: 'other',
      rejection: rejection(excluding.finding.code, `the text says ${excluding.finding.what}, and the acquisition does not say otherwise`,
        ...physics.evidence, shown(excluding, `"${excluding.finding.word}" excludes`)),
    }
  }
  const plain = said.find(one => one.finding.says === 'FLAIR') ?? said.find(one => one.finding.says === 'T2' && !one.finding.weak) ??
    (physics.possible.includes('FLAIR') ? undefined : said[0])
  const contrast = plain?.finding.says
  if (plain === undefined || contrast === undefined || contrast === 'other' || !physics.possible.includes(contrast)) {
    return {
      contrast: 'other',
      rejection: rejection('contrast-unclear', `neither acquisition nor text says plainly T2 or FLAIR: ${physics.because}`,
        ...physics.evidence, ...said.map(one => shown(one, `says ${whatItSays(one)}`))),
    }
  }
  return {
    contrast,
    because: `by its text, as ${physics.because}`,
    evidence: [...physics.evidence, shown(plain, `"${plain.finding.word}" says ${contrast}`)],
    notes: [...physics.notes, `${contrast} by its text only: ${physics.because}`],
  }
}

/** Value 3 of ImageType or FrameType, where it is a contrast (PS3.3 C.8.13.1.1.1). */
const contrastTokens: Readonly<Record<string, TextFinding>> = {
  T1: { says: 'other', word: 'T1', code: 't1', what: 'T1' },
  T2: { says: 'T2', word: 'T2', weak: false },
  T2_STAR: { says: 'other', word: 'T2_STAR', code: 't2-star', what: 'T2*' },
  FLUID_ATTENUATED: { says: 'FLAIR', word: 'FLUID_ATTENUATED', weak: false },
  PROTON_DENSITY: { says: 'other', word: 'PROTON_DENSITY', code: 'proton-density', what: 'proton density' },
  STIR: { says: 'other', word: 'STIR', code: 'stir', what: 'STIR' },
  TOF: { says: 'other', word: 'TOF', code: 'angiography', what: 'time of flight' },
}

function textsOf ({ source: { attributes }, imageType }: Slice): Said[] {
  const all: Said[] = []
  const token = contrastTokens[imageType[2]?.toUpperCase() ?? '']
  if (token !== undefined) all.push({ finding: token, attribute: 'ImageType', value: imageType.join('\\'), freeText: false })
  for (const attribute of ['SeriesDescription', 'ProtocolName', 'SequenceName', 'PulseSequenceName']) {
    const value = attributes.string(attribute)
    const finding = value === undefined ? undefined : textContrast(value)
    if (value !== undefined && finding !== undefined) all.push({ finding, attribute, value, freeText: true })
  }
  return all
}

const whatItSays = ({ finding }: Said) => finding.says === 'other' ? finding.what : finding.says
const overruledRule = (one: Said) => `says ${whatItSays(one)}; the acquisition's own values win`
const shown = ({ attribute, value, freeText }: Said, rule: string): Evidence =>
  freeText ? freeTextEvidence(attribute, value, rule) : evidence(attribute, value, rule)
