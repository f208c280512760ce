import type { ModelManifest } from '../../src/model/manifest.ts'

/** A valid manifest for tests that need one but load no model. */
export function manifestOf (changes: Partial<ModelManifest> = {}): ModelManifest {
  return {
    schemaVersion: 1,
    name: 'test model',
    version: '1.2.3',
    architecture: 'evidence-map',
    preprocessing: {
      width: 224, height: 224, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
    },
    output: { positiveClass: 'tuber', threshold: 0.5 },
    gradCamLayer: 'features',
    seriesRule: { kind: 'count', positive: 2, consecutive: 2 },
    age: { minimum: 5, maximum: 120, undeterminedBelow: 2 },
    files: [{ path: 'model.json', sha256: '0'.repeat(64) }],
    training: { data: 'none', command: 'none', seed: 1, softwareVersion: '0.1.0' },
    metrics: {},
    intendedUse: 'tests',
    limits: [],
    licence: 'Apache-2.0',
    ...changes,
  }
}
