// Writes a model folder of an architecture with its initial weights, for train.py to start from:
//   node --import=@tapjs/typescript/import scripts/pytorch/untrained.ts ARCHITECTURE DIR [SEED] [paper]
import { softwareVersion } from '../../src/analysis/software.ts'
import { defaultPreprocessing } from '../../src/cli/train.ts'
import { paperPreprocessing } from '../../src/imaging/preprocessing.ts'
import { loadTensorFlow } from '../../src/model/tensorflow.ts'
import { layersModelFiles, writeModel } from '../../src/model/write-layers-model.ts'
import { architecturesNamed, newTrainee } from '../../src/training/trainees.ts'
import { newManifest } from '../../src/training/new-manifest.ts'

const [name = '', folder = '', seed = '1', paper] = process.argv.slice(2)
const [architecture] = architecturesNamed(name)
if (architecture === undefined || folder === '') throw new Error('which architecture, and where to?')
const preprocessing = paper === 'paper' ? paperPreprocessing : defaultPreprocessing
const tf = await loadTensorFlow()
const trainee = newTrainee(tf, architecture, { size: preprocessing.width, seed: Number(seed), small: false })
const none = Number.NaN
const validation = { sensitivity: none, specificity: none, ppv: none, npv: none, f1: none, accuracy: none, auc: none, logLoss: none }
await writeModel(folder, await layersModelFiles(tf, trainee.model), newManifest({
  candidate: { architecture, trainee, history: [], bestEpoch: 0, validation },
  preprocessing,
  command: 'initial weights',
  seed: Number(seed),
  softwareVersion: softwareVersion(),
  trainingPatients: [],
  data: { kind: 'synthetic', canvasShare: 0, validationSlices: 0 },
  name: `tuberlens-${architecture}`,
  version: '0.2.0',
}))
process.stdout.write(`${architecture} with its initial weights written to ${folder}\n`)
