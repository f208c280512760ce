import type { Attributes } from './attributes.ts'
import { diffusionBValues, diffusionDirectionality } from './diffusion.ts'
import type { MrAcquisition } from './slice.ts'

/**
 * What the header says of how a frame was acquired: MR Image module (PS3.3 C.8.3.1) for classic images; MR Pulse Sequence
 * (C.8.13.4) and the MR Timing, MR Echo, MR Modifier and MR Diffusion macros (C.8.13.5) for enhanced ones.
 */
export function mrAcquisition (attributes: Attributes): MrAcquisition {
  const scanningSequence = attributes.strings('ScanningSequence')
  const echoPlanar = scanningSequence.includes('EP') || attributes.string('EchoPlanarPulseSequence') === 'YES'
  const inversionRecovery = scanningSequence.includes('IR') || attributes.string('InversionRecovery') === 'YES'
  const type = attributes.string('MRAcquisitionType')
  return {
    repetitionTime: attributes.number('RepetitionTime'),
    echoTime: attributes.number('EffectiveEchoTime') ?? attributes.number('EchoTime'),
    inversionTimes: [...attributes.numbers('InversionTimes'), ...attributes.numbers('InversionTime')]
      .filter((time, i, all) => time !== 0 && all.indexOf(time) === i),
    echoTrainLength: attributes.number('RFEchoTrainLength') ?? attributes.number('EchoTrainLength'),
    flipAngle: attributes.number('FlipAngle'),
    scanningSequence: scanningSequence.length > 0 ? scanningSequence : derivedSequence(attributes, echoPlanar, inversionRecovery),
    sequenceVariant: attributes.strings('SequenceVariant'),
    scanOptions: attributes.strings('ScanOptions'),
    mrAcquisitionType: type === '2D' || type === '3D' ? type : undefined,
    acquisitionContrast: attributes.string('AcquisitionContrast'),
    echoPlanar,
    inversionRecovery,
    diffusionBValues: diffusionBValues(attributes),
    diffusionDirectionality: diffusionDirectionality(attributes),
  }
}

/** ScanningSequence in the words of the classic module, from EchoPulseSequence (PS3.3 C.8.13.4: SPIN, GRADIENT, BOTH). */
function derivedSequence (attributes: Attributes, echoPlanar: boolean, inversionRecovery: boolean): readonly string[] {
  const pulse = attributes.string('EchoPulseSequence')
  const echo: readonly string[] = pulse === 'SPIN' ? ['SE'] : pulse === 'GRADIENT' ? ['GR'] : pulse === 'BOTH' ? ['GR', 'SE'] : []
  return [...(echoPlanar ? ['EP'] : []), ...echo, ...(inversionRecovery ? ['IR'] : [])]
}
