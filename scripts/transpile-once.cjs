/**
 * Transpiles each version of a TypeScript file once and keeps the result under .cache/transpiled, for ts-node (tsconfig.json), which
 * otherwise does it anew in each of the hundreds of processes and threads of the suite: a third of the suite's time on Node 20.
 * Node 22.18 and later strip the types themselves and never come here.
 */
const { createHash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const typescript = require('typescript')

const folder = join(__dirname, '..', '.cache', 'transpiled')

exports.create = ({ service }) => {
  const { ModuleKind, ModuleResolutionKind, transpileModule, version } = typescript
  // every file of the project is an ES module
  const compilerOptions = { ...service.config.options, module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler }
  const salt = JSON.stringify([version, compilerOptions])

  return {
    transpile (code, { fileName }) {
      const file = join(folder, createHash('sha256').update(salt).update(code).digest('hex'))
      try {
        return JSON.parse(readFileSync(file, 'utf8'))
      } catch {
        // not kept yet
      }
      const result = transpileModule(code, { fileName, compilerOptions, reportDiagnostics: true })
      const { outputText, sourceMapText } = result
      if (result.diagnostics.length === 0) keep(file, JSON.stringify({ outputText, sourceMapText }))
      return result
    },
  }
}

/** Whole or not at all: other processes read at the same time. Where nothing can be written, the next one transpiles again. */
function keep (file, text) {
  const unfinished = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(unfinished, text)
    renameSync(unfinished, file)
  } catch {
    // a folder that is read-only costs time, nothing else
  }
}
