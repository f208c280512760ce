// Takes out of a node_modules folder what this machine's Linux never loads: native code for other platforms, and sources and
// debugging aids of packages. Usage: node prune.mjs node_modules
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = process.argv[2]
if (root === undefined || !existsSync(root)) {
  console.error('prune.mjs needs the folder of the packages')
  process.exit(2)
}
const { platform, arch } = process
let freed = 0

function remove (path) {
  if (!existsSync(path)) return
  freed += sizeOf(path)
  rmSync(path, { recursive: true })
}

function sizeOf (path) {
  const found = statSync(path)
  return found.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : found.size
}

const foldersOf = path => existsSync(path) ? readdirSync(path) : []

/** onnxruntime-node/bin/napi-v6/PLATFORM/ARCHITECTURE */
const runtimes = join(root, 'onnxruntime-node/bin')
for (const abi of foldersOf(runtimes)) {
  for (const system of foldersOf(join(runtimes, abi))) {
    for (const machine of foldersOf(join(runtimes, abi, system))) {
      if (system !== platform || machine !== arch) remove(join(runtimes, abi, system, machine))
    }
  }
}

/** @photostructure/sqlite/prebuilds/PLATFORM-ARCHITECTURE/…musl.node or …glibc.node, and what they were compiled of */
const sqlite = join(root, '@photostructure/sqlite')
const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
for (const target of foldersOf(join(sqlite, 'prebuilds'))) {
  if (target !== `${platform}-${arch}`) remove(join(sqlite, 'prebuilds', target))
  else for (const name of foldersOf(join(sqlite, 'prebuilds', target))) if (!name.includes(libc)) remove(join(sqlite, 'prebuilds', target, name))
}
remove(join(sqlite, 'src'))

/** Maps and type declarations serve who writes programs, not who runs them. */
function removeAids (folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) removeAids(path)
    else if (/\.(map|d\.[cm]?ts)$/.test(entry.name)) remove(path)
  }
}
removeAids(root)
console.log(`pruned ${Math.round(freed / 2 ** 20)} MiB; ${Math.round(sizeOf(root) / 2 ** 20)} MiB stay`)
