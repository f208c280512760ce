import { evidence } from './evidence.ts'
import type { Rejection, SelectionReasonCode } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'

/** Tokens of ImageType (0008,0008) or FrameType (0008,9007), blanks for underscores, that no plain slice carries. */
const excluding: readonly (readonly [SelectionReasonCode, string, readonly string[]])[] = [
  ['localizer', 'a localizer', ['LOCALIZER', 'LOCALISER', 'SCOUT', 'SURVEY']],
  ['projection', 'a projection', ['PROJECTION IMAGE', 'MIP', 'MNIP', 'MINIP', 'MAX IP', 'MIN IP', 'VOLUME RENDER']],
  ['diffusion', 'a diffusion image or map', ['ADC', 'EADC', 'TRACEW', 'TRACE', 'DIFFUSION', 'FA']],
  ['perfusion', 'a perfusion image or map', ['PERFUSION', 'ASL']],
  ['phase-map', 'a phase image', ['PHASE MAP', 'PHASE', 'P']],
  ['parametric-map', 'a parametric map', [
    'T1 MAP', 'T2 MAP', 'T2 STAR MAP', 'T2* MAP', 'T2STAR MAP', 'R1 MAP', 'R2 MAP', 'R2 STAR MAP', 'R2* MAP', 'R2STAR MAP',
    'PROTON DENSITY MAP', 'B0 MAP', 'B1 MAP', 'METABOLITE MAP', 'VELOCITY MAP', 'TEMPERATURE MAP',
  ]],
  ['mosaic', 'a mosaic of many slices', ['MOSAIC']],
  ['susceptibility', 'a susceptibility-weighted image', ['SWI', 'SW M', 'SW M FFE', 'SW P']],
  ['subtraction', 'a subtraction', ['SUBTRACTION', 'SUBTRACT', 'SUBTRACTED', 'SUB']],
]

/** Only where value 1 is DERIVED; newer GE scanners write REFORMATTED. */
const reformats: readonly string[] = ['MPR', 'REFORMATTED']

const codes = new Map(excluding.flatMap(([code, what, tokens]) => tokens.map(token => [token, { code, what }] as const)))

/**
 * What ImageType excludes. A bare T1, T2 or T2_STAR in value 3 is evidence of contrast and excludes nothing. MPR excludes
 * only what is DERIVED (PS3.3 C.7.6.1.1.2 value 1), as old GE scanners write ORIGINAL\PRIMARY\MPR on plain slices.
 */
export function imageTypeRejection (imageType: readonly string[], acceptReformats: boolean): Rejection | undefined {
  const tokens = imageType.map(token => token.trim().toUpperCase().replaceAll('_', ' '))
  for (const token of tokens) {
    const hit = codes.get(token)
    if (hit !== undefined) {
      return rejection(hit.code, `ImageType says ${hit.what}`, evidence('ImageType', imageType, `${token} is not a plain slice`))
    }
  }
  const reformat = tokens[0] === 'DERIVED' ? tokens.find(token => reformats.includes(token)) : undefined
  if (!acceptReformats && reformat !== undefined) {
    const derived = evidence('ImageType', imageType, `DERIVED with ${reformat} is a reformat`)
    return rejection('reformat', 'ImageType says a multiplanar reformat', derived)
  }
  return undefined
}
