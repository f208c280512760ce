import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

/** Packages that one file or one room alone may import (CONTRIBUTING, "The house"). */
const guarded = (allowed, names) => ({
  files: ['src/**/*.ts'],
  ignores: allowed,
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', {
      patterns: names.map(name => ({ group: [name, `${name}/*`], message: `only ${allowed.join(', ')} may import it` })),
    }],
  },
})

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '.tap', 'demo-output', '.cache', 'models', 'coverage'] },
  ...neostandard({ ts: true, noStyle: false }),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // index arithmetic over typed arrays is proven by its loop bounds, not by the compiler
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-void': ['error', { allowAsStatement: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@stylistic/max-len': ['error', { code: 130, ignoreComments: true, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/object-property-newline': 'off',
      '@stylistic/comma-dangle': ['error', 'always-multiline'],
      '@stylistic/space-before-function-paren': ['error', { anonymous: 'always', named: 'always', asyncArrow: 'always' }],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'fixtures/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      // tap keeps track of its own subtests and assertions; awaiting each is noise
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      // tables of cases read better in rows
      '@stylistic/max-len': ['error', { code: 190, ignoreComments: true, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
    },
  },
  guarded(['src/dicom/parser.ts'], ['dicom-parser']),
  guarded(['src/dicom/dcmjs.ts'], ['dcmjs']),
  guarded(['src/service/**', 'src/cli/**'], ['fastify', 'pino', '@fastify/helmet', '@fastify/multipart']),
  guarded(['src/model/**', 'src/training/**'], ['@tensorflow/*', 'onnxruntime-node']),
  guarded(['src/archive/**'], ['@photostructure/sqlite'])
)
