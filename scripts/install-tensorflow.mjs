// Makes @tensorflow/tfjs-node work without its own download: the TensorFlow C library comes from the PyPI wheel
// tensorflow-cpu, the binding is compiled here. Linux on x86-64 only; run it after `npm ci`:
//
//   node scripts/install-tensorflow.mjs
//
// Needs python3 (with pip, unless the wheel is at hand) and g++. A second run finds everything done and ends in about a second.
//   TUBERLENS_TENSORFLOW_WHEEL  an already downloaded wheel of tensorflow-cpu
//   TUBERLENS_TENSORFLOW_CACHE  where the unpacked library stays, outside node_modules (default .cache/tensorflow)
//   TUBERLENS_NODE_INCLUDE      a folder with node_api.h, where Node's own headers are not found
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const tensorflowVersion = '2.15.1'
const bindingVersion = '4.22.0'
const nodeApiVersion = 8 // the highest that this release of tfjs-node looks for

const root = resolve(import.meta.dirname, '..')
const packageFolder = join(root, 'node_modules/@tensorflow/tfjs-node')
const binding = join(packageFolder, `lib/napi-v${nodeApiVersion}/tfjs_binding.node`)
const cache = join(resolve(process.env.TUBERLENS_TENSORFLOW_CACHE ?? join(root, '.cache/tensorflow')), tensorflowVersion)

const say = message => process.stdout.write(`${message}\n`)

function stop (message) {
  throw new Error(message)
}

function attempt (program, args, options = {}) {
  return spawnSync(program, args, { stdio: 'inherit', ...options })
}

function need (program, args, otherwise, options) {
  const { status, error } = attempt(program, args, options)
  if (error?.code === 'ENOENT') stop(`${program} is not installed. ${otherwise}`)
  if (status !== 0) stop(otherwise)
}

/** Loads the binding in a process of its own, as the program will. */
function works () {
  if (!existsSync(binding)) return false
  const script = `const util = require('node:util')
    util.isNullOrUndefined ??= value => value === null || value === undefined
    util.isArray ??= Array.isArray
    const tf = require(${JSON.stringify(packageFolder)})
    if (tf.tidy(() => tf.scalar(3).square().dataSync()[0]) !== 9) process.exit(1)`
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' }
  return attempt(process.execPath, ['-e', script], { stdio: 'ignore', env }).status === 0
}

/** npm removes an optional package whose install script failed: bring it back without its scripts. */
function ensurePackage () {
  if (existsSync(join(packageFolder, 'package.json'))) return
  say(`installing @tensorflow/tfjs-node ${bindingVersion} without its scripts`)
  need('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `@tensorflow/tfjs-node@${bindingVersion}`],
    'npm could not install @tensorflow/tfjs-node.', { cwd: root })
}

function wheel (folder) {
  const given = process.env.TUBERLENS_TENSORFLOW_WHEEL
  if (given !== undefined && given !== '') {
    if (!existsSync(given)) stop(`TUBERLENS_TENSORFLOW_WHEEL names ${given}, which does not exist.`)
    return resolve(given)
  }
  say(`downloading the wheel tensorflow-cpu ${tensorflowVersion} (207 MB) with pip`)
  need('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:',
    '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311', '--platform', 'manylinux2014_x86_64',
    '--dest', folder, `tensorflow-cpu==${tensorflowVersion}`],
  'pip could not download the wheel; TUBERLENS_TENSORFLOW_WHEEL may name a copy of it.')
  const file = readdirSync(folder).find(name => name.endsWith('.whl'))
  return file === undefined ? stop('pip left no wheel behind.') : join(folder, file)
}

/** `cache/{lib,include}`: written beside and renamed, so that an interrupted run leaves nothing half done. */
function ensureLibrary () {
  if (existsSync(join(cache, 'lib/libtensorflow_cc.so.2'))) return
  mkdirSync(dirname(cache), { recursive: true })
  const work = mkdtempSync(join(dirname(cache), 'unpack-'))
  try {
    const file = wheel(work)
    say('unpacking the C library and its headers')
    need('python3', ['-c', `
import shutil, sys, zipfile
from pathlib import Path
wheel, target = zipfile.ZipFile(sys.argv[1]), Path(sys.argv[2])
headers = tuple('tensorflow/include/' + part for part in ('tensorflow/c/', 'tensorflow/core/platform/', 'tsl/'))
for name in wheel.namelist():
    if name.endswith('/'): continue
    if name in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'): to = target / 'lib' / name.split('/')[-1]
    elif name.startswith(headers): to = target / 'include' / name[len('tensorflow/include/'):]
    else: continue
    to.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(name) as source, open(to, 'wb') as sink: shutil.copyfileobj(source, sink, 1 << 20)
`, file, join(work, 'unpacked')], 'the wheel could not be unpacked.')
    if (!existsSync(join(work, 'unpacked/lib/libtensorflow_cc.so.2'))) stop(`${file} holds no libtensorflow_cc.so.2.`)
    rmSync(cache, { recursive: true, force: true })
    renameSync(join(work, 'unpacked'), cache)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The binding uses Node-API alone, so the headers of any Node from 16 on will do. */
function nodeHeaders (work) {
  const prefixes = [process.env.npm_config_nodedir, resolve(dirname(process.execPath), '..'), '/usr', '/usr/local']
  const places = [process.env.TUBERLENS_NODE_INCLUDE, ...prefixes.filter(Boolean).map(prefix => join(prefix, 'include/node'))]
  const found = places.find(place => place && existsSync(join(place, 'node_api.h')))
  if (found !== undefined) return found
  say('no node_api.h beside this Node; taking it from the npm package node-api-headers')
  need('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', work, 'node-api-headers@1'],
    'TUBERLENS_NODE_INCLUDE may name a folder with node_api.h.')
  return join(work, 'node_modules/node-api-headers/include')
}

/** Hard links where the file system allows: the package then works without the cache, and takes no room of its own. */
function placeLibrary (folder) {
  mkdirSync(folder, { recursive: true })
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    const source = join(cache, 'lib', name)
    try {
      linkSync(source, join(folder, name))
    } catch {
      copyFileSync(source, join(folder, name))
    }
  }
  symlinkSync('libtensorflow_cc.so.2', join(folder, 'libtensorflow.so'))
  // this name keeps the package's own install script from downloading, should npm ever run it
  symlinkSync('libtensorflow_cc.so.2', join(folder, 'libtensorflow.so.2.9.1'))
  symlinkSync('libtensorflow_framework.so.2', join(folder, 'libtensorflow_framework.so'))
}

function compile () {
  const deps = join(packageFolder, 'deps')
  rmSync(deps, { recursive: true, force: true })
  placeLibrary(join(deps, 'lib'))
  mkdirSync(dirname(binding), { recursive: true })
  const work = mkdtempSync(join(tmpdir(), 'tuberlens-tensorflow-'))
  try {
    const headers = nodeHeaders(work)
    say('compiling the binding')
    need('g++', ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', `-DNAPI_VERSION=${nodeApiVersion}`,
      `-I${packageFolder}`, `-I${join(cache, 'include')}`, `-I${headers}`,
      'binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', '-o', `${binding}.new`,
      `-L${join(deps, 'lib')}`, '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'],
    'the binding of tfjs-node did not compile.', { cwd: packageFolder })
    renameSync(`${binding}.new`, binding)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function install () {
  if (works()) return say('TensorFlow is installed and works: nothing to do.')
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    stop(`only Linux on x86-64 is covered, not ${process.platform} on ${process.arch}; tuberlens analyses with onnxruntime there.`)
  }
  ensurePackage()
  ensureLibrary()
  compile()
  if (!works()) stop('the binding was built but does not load; `node -e "require(\'@tensorflow/tfjs-node\')"` says why.')
  say('TensorFlow is installed and works.')
}

try {
  install()
} catch (error) {
  process.stderr.write(`install-tensorflow: ${error.message}\n`)
  process.exitCode = 1
}
