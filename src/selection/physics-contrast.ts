import type { MrAcquisition } from '../dicom/slice.ts'
import type { Contrast } from './criteria.ts'
import type { Evidence } from './evidence.ts'
import { evidence } from './evidence.ts'
import type { Rejection, SelectionReasonCode } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'

/** What the acquisition parameters say of one frame. */
export type PhysicsFinding =
  | Grounds & { readonly says: Contrast }
  | { readonly says: 'other', readonly rejection: Rejection }
  /** Values are absent or lie between the ranges: plain text may still say one of `possible`. */
  | Grounds & { readonly says: 'nothing', readonly possible: readonly Contrast[] }

/** Why, for people; the attributes behind it; and what the report should mention. */
interface Grounds { readonly because: string, readonly evidence: readonly Evidence[], readonly notes: readonly string[] }

/** The ranges of the decision; times in ms. */
export const contrastRanges = {
  /** Below: proton density or T1. */
  shortEchoTime: 50,
  /** From here on T2 weighting is plain. */
  longEchoTime: 70,
  t2: { echoTime2d: 300, echoTime3d: 600, repetitionTime: 2000 },
  flair: { inversionTime: [1200, 3200], repetitionTime: 3500 },
  stir: { inversionTime: [80, 300] },
  /** Below, a short echo is T1 rather than proton density. */
  t1RepetitionTime: 1500,
} as const

/** AcquisitionContrast (0008,9209), PS3.3 C.8.13.3.1.1: the values that leave neither T2 nor FLAIR. */
const otherContrasts: Readonly<Record<string, readonly [SelectionReasonCode, string]>> = {
  DIFFUSION: ['diffusion', 'diffusion'],
  FLOW_ENCODED: ['angiography', 'flow-encoded'],
  PERFUSION: ['perfusion', 'perfusion'],
  PROTON_DENSITY: ['proton-density', 'proton density'],
  STIR: ['stir', 'STIR'],
  TAGGING: ['gradient-echo', 'tagged'],
  T1: ['t1', 'T1'],
  T2_STAR: ['t2-star', 'T2*'],
  TOF: ['angiography', 'time of flight'],
}

/** ms */
interface Times { readonly te: number | undefined, readonly tr: number | undefined, readonly ti: readonly number[] }

/** T2, FLAIR or other by the acquisition alone: kind of echo first, then inversion, then times. 0 ms is absent. */
export function physicsContrast (acquisition: MrAcquisition): PhysicsFinding {
  const times: Times = {
    te: positive(acquisition.echoTime),
    tr: positive(acquisition.repetitionTime),
    ti: [...new Set(acquisition.inversionTimes.filter(ti => ti > 0))],
  }
  const excluded = excludedSequence(acquisition) ?? excludedTimes(times, acquisition)
  if (excluded !== undefined) return { says: 'other', rejection: excluded }
  const notes = acquisition.scanningSequence.includes('GR') ? ['gradient and spin echoes together (GRASE)'] : []
  const shown = shownEvidence(acquisition, times)
  const inverted = isInverted(acquisition, times)
  const finding = inverted ? flairOrNothing(acquisition, times) : t2OrNothing(acquisition, times)
  if (finding.says === 'other') return finding
  return { ...finding, evidence: [...shown, ...finding.evidence], notes }
}

const positive = (value: number | undefined) => value !== undefined && value > 0 ? value : undefined
const within = (value: number, [low, high]: readonly [number, number]) => value >= low && value <= high

function isInverted ({ scanningSequence, inversionRecovery, acquisitionContrast }: MrAcquisition, { ti }: Times): boolean {
  return scanningSequence.includes('IR') || inversionRecovery || acquisitionContrast === 'FLUID_ATTENUATED' ||
    ti.some(time => within(time, contrastRanges.flair.inversionTime))
}

function excludedSequence ({ acquisitionContrast, scanningSequence, echoPlanar }: MrAcquisition): Rejection | undefined {
  const other = otherContrasts[acquisitionContrast ?? '']
  if (other !== undefined) {
    return rejection(other[0], `the acquisition contrast is ${other[1]}`,
      evidence('AcquisitionContrast', acquisitionContrast ?? '', 'neither T2 nor FLUID_ATTENUATED'))
  }
  if (echoPlanar || scanningSequence.includes('EP')) {
    return rejection('echo-planar', 'an echo-planar sequence', scanningSequence.includes('EP')
      ? evidence('ScanningSequence', scanningSequence, 'EP is echo-planar')
      : evidence('EchoPlanarPulseSequence', 'YES', 'echo-planar'))
  }
  if (scanningSequence.includes('GR') && !scanningSequence.includes('SE')) {
    return rejection('gradient-echo', 'a gradient echo sequence', evidence('ScanningSequence', scanningSequence, 'GR without SE is gradient echo'))
  }
  return undefined
}

function excludedTimes ({ te, tr, ti }: Times, acquisition: MrAcquisition): Rejection | undefined {
  const { stir, shortEchoTime, t1RepetitionTime } = contrastRanges
  if (ti.length > 1) {
    return rejection('double-inversion', 'two inversions', evidence('InversionTime', ti, 'two inversions null two tissues (DIR)'))
  }
  const time = ti[0]
  if (time !== undefined && within(time, stir.inversionTime)) {
    return rejection('stir', `a STIR sequence, TI ${shortly(time)} ms`, evidence('InversionTime', time, `${stir.inversionTime[0]} to ${stir.inversionTime[1]} ms nulls fat (STIR)`))
  }
  if (te === undefined || te >= shortEchoTime) return undefined
  const short = evidence('EchoTime', te, `below ${shortEchoTime} ms there is no T2 weighting`)
  if (isInverted(acquisition, { te, tr, ti })) {
    return rejection('t1', `inversion recovery with TE ${shortly(te)} ms is T1-like`, short)
  }
  if (tr === undefined) return rejection('proton-density', `TE ${shortly(te)} ms is proton density or T1`, short)
  return tr < t1RepetitionTime
    ? rejection('t1', `TE ${shortly(te)} and TR ${shortly(tr)} ms are T1`, short, evidence('RepetitionTime', tr, `below ${t1RepetitionTime} ms`))
    : rejection('proton-density', `TE ${shortly(te)} and TR ${shortly(tr)} ms are proton density`, short, evidence('RepetitionTime', tr, `at least ${t1RepetitionTime} ms`))
}

function flairOrNothing ({ acquisitionContrast }: MrAcquisition, { te, tr, ti }: Times): PhysicsFinding {
  const { flair, longEchoTime } = contrastRanges
  const [low, high] = flair.inversionTime
  const problems: string[] = []
  if (te === undefined) problems.push('EchoTime is absent')
  else if (te < longEchoTime) problems.push(`TE ${shortly(te)} ms is below ${longEchoTime}`)
  if (tr === undefined) problems.push('RepetitionTime is absent')
  else if (tr < flair.repetitionTime) problems.push(`TR ${shortly(tr)} ms is below ${flair.repetitionTime}`)
  if (ti[0] !== undefined && !within(ti[0], flair.inversionTime)) problems.push(`TI ${shortly(ti[0])} ms is not ${low} to ${high}`)
  if (problems.length === 0) {
    const time = ti[0] === undefined ? '' : `TI ${shortly(ti[0])}, `
    return { says: 'FLAIR', because: `inversion recovery, ${time}TE ${shortly(te)}, TR ${shortly(tr)} ms`, evidence: [], notes: [] }
  }
  const because = `inversion recovery, but ${problems.join(', ')}`
  return acquisitionContrast === 'FLUID_ATTENUATED'
    ? { says: 'FLAIR', because: `AcquisitionContrast FLUID_ATTENUATED (${problems.join(', ')})`, evidence: [], notes: [because] }
    : { says: 'nothing', because, possible: ['FLAIR'], evidence: [], notes: [] }
}

function t2OrNothing (acquisition: MrAcquisition, { te, tr }: Times): PhysicsFinding {
  const { acquisitionContrast, scanningSequence, mrAcquisitionType } = acquisition
  const { t2, longEchoTime } = contrastRanges
  const longest = mrAcquisitionType === '2D' ? t2.echoTime2d : t2.echoTime3d
  if (te !== undefined && te > longest) {
    return { says: 'other', rejection: rejection('hydrography', `TE ${shortly(te)} ms is hydrography`, evidence('EchoTime', te, `above ${longest} ms only water is left`)) }
  }
  const problems: string[] = []
  const spinEcho = scanningSequence.includes('SE') || scanningSequence.includes('RM')
  if (!spinEcho) problems.push('ScanningSequence says no spin echo')
  if (te === undefined) problems.push('EchoTime is absent')
  else if (te < longEchoTime) problems.push(`TE ${shortly(te)} ms is below ${longEchoTime}`)
  else if (te > t2.echoTime2d && mrAcquisitionType !== '3D') problems.push(`TE ${shortly(te)} ms is above ${t2.echoTime2d} and MRAcquisitionType is absent`)
  if (tr === undefined) problems.push('RepetitionTime is absent')
  else if (tr < t2.repetitionTime) problems.push(`TR ${shortly(tr)} ms is below ${t2.repetitionTime}`)
  const because = problems.join(', ')
  if (problems.length === 0) {
    return { says: 'T2', because: `spin echo, TE ${shortly(te)}, TR ${shortly(tr)} ms, no inversion`, evidence: [], notes: [] }
  }
  if (acquisitionContrast === 'T2') return { says: 'T2', because: `AcquisitionContrast T2 (${because})`, evidence: [], notes: [because] }
  return { says: 'nothing', because, possible: scanningSequence.length > 0 ? ['T2'] : ['T2', 'FLAIR'], evidence: [], notes: [] }
}

function shownEvidence (acquisition: MrAcquisition, { te, tr, ti }: Times): Evidence[] {
  const { acquisitionContrast, scanningSequence, echoTrainLength } = acquisition
  const { longEchoTime, t2, flair } = contrastRanges
  const inverted = isInverted(acquisition, { te, tr, ti })
  const all: Evidence[] = []
  if (acquisitionContrast !== undefined) all.push(evidence('AcquisitionContrast', acquisitionContrast, 'T2 or FLUID_ATTENUATED'))
  if (scanningSequence.length > 0) all.push(evidence('ScanningSequence', scanningSequence, inverted ? 'IR is inversion recovery' : 'SE or RM without inversion for T2'))
  if (ti[0] !== undefined) all.push(evidence('InversionTime', ti[0], `${flair.inversionTime[0]} to ${flair.inversionTime[1]} ms nulls water (FLAIR)`))
  if (te !== undefined) all.push(evidence('EchoTime', te, `at least ${longEchoTime} ms`))
  if (tr !== undefined) all.push(evidence('RepetitionTime', tr, `at least ${inverted ? flair.repetitionTime : t2.repetitionTime} ms`))
  if (echoTrainLength !== undefined && echoTrainLength > 1) all.push(evidence('EchoTrainLength', echoTrainLength, 'a train of echoes: fast spin echo'))
  return all
}

const shortly = (value: number | undefined) => value === undefined ? '?' : String(Number(value.toFixed(0)))
