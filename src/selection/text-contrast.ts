import type { Contrast } from './criteria.ts'
import type { SelectionReasonCode } from './selection-reason.ts'

/** What the words of one description say. `weak`: a fast spin echo's trade name without a weighting. */
export type TextFinding =
  | { readonly says: Contrast, readonly word: string, readonly weak: boolean }
  | { readonly says: 'other', readonly word: string, readonly code: SelectionReasonCode, readonly what: string }
  | undefined

/** Letters that are not a word's own end it: digits and separators do not. */
const word = (pattern: string) => new RegExp(`(?<!\\p{L})(?:${pattern})(?!\\p{L})`, 'u')
/** A weighting is also written into one word with the plane or the sequence: axt2, 3dt1, t2tse, t1w. */
const weighting = (letter: string) => new RegExp(`(?<![\\p{L}])(?:ax|axi|axial|tra|trans|cor|sag|obl|\\d*d|fs|se|tse|fse|w)?${letter}(?!\\d)`, 'u')

/** Words that exclude, before any that selects: "t2*" is not "t2". Vendors' trade names and the languages of their customers. */
const others: readonly (readonly [SelectionReasonCode, string, RegExp])[] = [
  ['localizer', 'a localizer', word('loc|loca|locali[sz]\\w*|scout\\w*|aahscout\\w*|survey\\w*|(?:3|three) ?(?:pl|plane)|plan ?scan|topogram|calib\\w*|asset|smartbrain|reperage|lokali\\w*')],
  ['t2-star', 'T2*', /t2 ?(?:\*|star|stern|etoile)|(?<!\p{L})(?:r2 ?\*|swan|qsm|bold)(?!\p{L})/u],
  ['susceptibility', 'susceptibility-weighted', word('swip?|swi\\w*|venobold|svenbold|h(?:a|ae)?emo\\w*|magn?itude swi')],
  ['diffusion', 'diffusion', /(?<!\p{L})(?:dwi\w*|dw|diff\w*|dti\w*|adc\w*|eadc|trace\w*|tensor|ivim|dki|hardi|noddi|resolve|b ?1000|exponential apparent)(?!\p{L})|拡散|弥散|擴散|扩散|확산|дви|диффуз/u],
  ['perfusion', 'perfusion', /(?<!\p{L})(?:perf\w*|asl|pcasl|pasl|dsc|dce|cbf|cbv|mtt|ttp|tmax)(?!\p{L})|灌流|灌注|перфуз/u],
  ['echo-planar', 'echo-planar', word('epi|ep2d\\w*|epfid\\w*|fmri|rs ?fmri|resting ?state')],
  ['angiography', 'angiography', word('mra|mrv|mrang\\w*|tof|pca|angio\\w*|veno\\w*|3d ?pc|2d ?pc|phase contrast|inhance|trance|flow|cine')],
  ['projection', 'a projection', word('mip|minip|mnip|collapsed|projection')],
  ['stir', 'STIR', word('stir\\w*')],
  ['double-inversion', 'double inversion', word('dir|double (?:ir|inversion)\\w*')],
  ['steady-state', 'a steady-state sequence', word('ciss|fiesta\\w*|drive|trufi\\w*|true ?fisp|bffe|b ffe|btfe|b tfe|cosmic|balanced|ssfp|bssfp|dess')],
  ['gradient-echo', 'gradient echo', word('gre|\\w*ffe|fl[23]d\\w*|flash|medic|merge|mfre|grass|fgre|efgre\\w*|gradient|gr')],
  ['t1', 'T1', new RegExp(`${weighting('t1').source}|${word('mp ?2?rage\\w*|rage|bravo|\\w*spgr|vibe|tfl3d\\w*|tfl|tfe|3d ?tfe|anat ?t1w?|thrive|lava|ir ?fspgr').source}`, 'u')],
  ['spectroscopy', 'spectroscopy', word('mrs|svs\\w*|csi\\w*|spectro\\w*|press')],
  ['parametric-map', 'a map', word('maps?|mapping|mapit|relaxo\\w*|synthetic|magic')],
  ['hydrography', 'hydrography', word('mrcp|hydro\\w*|cisterno\\w*|myelo\\w*')],
  ['subtraction', 'a subtraction', word('sub|subtr\\w*')],
  ['proton-density', 'proton density', /(?<!\p{L})(?:pd|pdw|dp|proton\w*|rho|densit\w*)(?!\p{L})|プロトン|质子|質子|протон/u],
]

/** GE, Hitachi: FLAIR; Siemens: (t2_)tirm, dark fluid, spc_ir; Chinese "water suppressed"; Japanese and Russian spellings. */
const flair = /flair|flare(?!\p{L})|(?<!\p{L})(?:tirm\w*|dark ?fl\w*|darkfluid\w*|da ?fl|dunkle ?fl\w*|spc ?ir\w*|fluid att\w*)(?!\p{L})|压水|壓水|水抑制|黑水|フレア|флаир|флэир|флейр/u
const t2 = new RegExp(`${weighting('t2').source}|(?<!\\p{L})t 2(?!\\d)`, 'u')
/** Trade names of fast spin echo: of T2 only where the numbers leave nothing else. */
const fastSpinEcho = word('\\w*tse|\\w*fse\\w*|propeller|blade|multivane|jet|radar|haste|ssfse|vista|cube|space')

/**
 * What a description says of the contrast. Blind to accents, letter case, separators, and to Cyrillic or Greek letters that look like a T.
 * A word that excludes wins over one that selects, FLAIR over T2.
 */
export function textContrast (text: string): TextFinding {
  const plain = normalized(text)
  for (const [code, what, pattern] of others) {
    const hit = pattern.exec(plain)
    if (hit !== null) return { says: 'other', word: hit[0].trim(), code, what }
  }
  for (const [says, pattern, weak] of [['FLAIR', flair, false], ['T2', t2, false], ['T2', fastSpinEcho, true]] as const) {
    const hit = pattern.exec(plain)
    if (hit !== null) return { says, word: hit[0].trim(), weak }
  }
  return undefined
}

/** A description has 64 characters (PS3.5 6.2); what is much longer would make the patterns slow, and says no more. */
const mostCharacters = 256

function normalized (text: string): string {
  return text.slice(0, mostCharacters).normalize('NFKD').replace(/\p{Mn}/gu, '').normalize('NFC').toLowerCase()
    .replace(/[тτ](?=\s*-?\d)/gu, 't')
    .replace(/[\s_\-./\\,;:+&()[\]{}|<>=#]+/g, ' ')
    .trim()
}
