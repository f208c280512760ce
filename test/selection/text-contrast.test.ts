import t from 'tap'
import { textContrast } from '../../src/selection/text-contrast.ts'

const says = (text: string) => {
  const finding = textContrast(text)
  if (finding === undefined) return 'nothing'
  return finding.says === 'other' ? finding.code : finding.weak ? 'weak T2' : finding.says
}

interface Asserts { equal: (found: unknown, wanted: unknown, message: string) => unknown }
function check (t: Asserts, expected: string, texts: readonly string[]) {
  for (const text of texts) t.equal(says(text), expected, text)
}

t.test('FLAIR in the habits of vendors and languages', async t => check(t, 'FLAIR', [
  'FLAIR', 'Ax T2 FLAIR', 'AX_FLAIR', 'sT2W/FLAIR', 'T2W_FLAIR SENSE', 'AXT2FLAIR', 'FLAIR_longTR', 't2_tirm_tra_dark-fluid_4mm', 'tirm tra',
  't2_space_dark-fluid_sag_p2_iso', 't2_spc_ir_ns_sag', 't2_spc_da-fl_sag', '3D CUBE FLAIR', 'eFLAIR', 'T2_blade_darkfluid', 'Flair axiale',
  'FLAIR ÉCHO', 'T2压水', 'フレア 横断', 'Т2 флаир',
]))

t.test('T2 in the habits of vendors and languages', async t => check(t, 'T2', [
  'T2', 't2_tse_tra_512', 'T2W_TSE', 'Ax T2 FSE', 'AX T2 FRFSE', 'AXT2', 'T2 PROPELLER', 't2_blade_tra', 'T2W MultiVane', 'T2-weighted', 'T2 axiale',
  'T2強調画像', 'T2加权', 'Т2 ВИ', 'Τ2 εγκάρσια', 'TSE T2', '3D_T2_SPACE', 'TRA T2', 'T2WI', '3DT2',
]))

t.test('fast spin echo names say T2 only weakly', async t => check(t, 'weak T2', [
  'TSE tra', 'FSE', 'PROPELLER', 'BLADE axial', 'MultiVane', 'HASTE', 'frfse',
]))

t.test('what must never pass as T2 or FLAIR', async t => {
  check(t, 't2-star', ['T2*', 'T2* GRE', 't2star', 'T2_STAR', 'T2-STAR', 'AX SWAN', 'T2 Stern'])
  check(t, 'susceptibility', ['SWI_Images', 'SWIp', 'AX SWI', 'T2_HEMO', 'hemorrhage T2', 'T2 haemo'])
  check(t, 'gradient-echo', ['GRE', 'T2 GRE', 'T2W_FFE', 't2_fl2d_tra', 'T2 FFE', 'MEDIC T2', 'AX MERGE', 'flash', 't2_gr'])
  check(t, 'diffusion', ['DWI', 'ep2d_diff_4scan_trace', 'ADC', 'DTI_64', 'T2 trace', 'Diffusion', 'AX DWI T2', 'DWIBS', '拡散強調', 'ДВИ', 'resolve'])
  check(t, 'perfusion', ['perf', 'ep2d_perf', '3D ASL', 'Perfusion', 'pcasl', 'DSC'])
  check(t, 'angiography', ['MRA', 'TOF', '3D TOF', '3D_TOF_multislab', 'Angio', 'PCA', 'venogram'])
  check(t, 'projection', ['MIP', 'T2 MIP', 'MinIP', 'mIP_Images'])
  check(t, 'stir', ['STIR', 'T2 STIR', 'STIR GR 512', 't2_stir_tra'])
  check(t, 'double-inversion', ['DIR', '3D DIR', 'FLAIR DIR', 'Double IR'])
  check(t, 'steady-state', ['CISS', 'FIESTA-C', 'T2W_DRIVE', 't2_ciss3d', 'trufi', 'bFFE', 'B-TFE'])
  check(t, 't1', ['T1', 'T1W_SE', 'AX T1', 'AXT1', 'T1 FLAIR', '3DT1', 't1_mprage_sag', 'MPRAGE', 'MP-RAGE', 'mp2rage', 'BRAVO', 'anat-T1w', 'T1WI', 'FSPGR'])
  check(t, 'localizer', ['localizer', 'LOC', '3-Plane Loc', 'Localiser', 'Survey', 'SCOUT', 'AAHScout', '3 PL LOC', 'Lokalizer', 'Calibration'])
  check(t, 'proton-density', ['PD', 'PDW', 'pd+t2_tse_tra', 'FSE PD AXIAL OBL', 'Proton Density'])
  check(t, 'echo-planar', ['T2W/FE-EPI', 'fMRI', 'EPI T2'])
  check(t, 'parametric-map', ['T2 map', 'T2_mapping', 'MAP'])
  check(t, 'subtraction', ['SUB', 'subtraction T2'])
  check(t, 'spectroscopy', ['MRS', 'svs_se_30', 'CSI'])
  check(t, 'hydrography', ['MRCP', 'cisternography'])
})

t.test('words inside other words do not exclude', async t => {
  check(t, 'T2', ['T2 direct', 'T2 axial oblique', 'T2 grenoble', 'T2 tofu', 'T2 sublime'])
})

t.test('numbers are not weightings', async t => {
  t.equal(says('T10'), 'nothing')
  t.equal(says('T20 tra'), 'nothing')
  t.equal(says('head 12'), 'nothing')
})

t.test('a text that says nothing is nothing', async t => check(t, 'nothing', ['', 'Brain', 'ax', 'SENSE', 'dicom2nifti']))

t.test('a text that is no description but a flood is judged by its beginning', async t => {
  t.equal(textContrast('1'.repeat(2_000_000)), undefined)
  t.match(textContrast(`ax t2 tse ${'1'.repeat(2_000_000)}`), { says: 'T2', weak: false })
})
