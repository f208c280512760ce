/** The two servers that instances are sent to, each with its storage in a folder of the same disk. */
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../test/helpers/orthanc.ts'
import { ServerProcess } from './server-process.ts'

export interface StoreServer {
  readonly process: ServerProcess
  /** Without a path. */
  readonly url: string
  readonly dicomWeb: string
}

/** `tuberlens serve` of a build, as users start it. @throws Error when it does not start */
export async function startTuberlens (dist: string, folder: string, env: Readonly<Record<string, string>>): Promise<StoreServer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const process = await ServerProcess.start({
    program: globalThis.process.execPath,
    parameters: [join(dist, 'cli/main.js'), 'serve'],
    env: { TUBERLENS_PORT: String(port), TUBERLENS_DATA_DIR: folder, ...env },
    readyUrl: `${url}/readyz`,
  })
  return { process, url, dicomWeb: `${url}/dicom-web` }
}

/** Where Debian and the images of Orthanc's makers put its DICOMweb plugin. */
const pluginPaths = ['/usr/share/orthanc/plugins/libOrthancDicomWeb.so', '/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so']
const orthancPaths = ['/usr/sbin/Orthanc', '/usr/local/sbin/Orthanc', '/usr/local/bin/Orthanc']

/** Orthanc with its DICOMweb plugin; files are flushed to the disk before it answers. `undefined` where it is not installed. */
export async function startOrthanc (folder: string): Promise<StoreServer | undefined> {
  const [program, plugin] = await Promise.all([firstOf(orthancPaths), firstOf(pluginPaths)])
  if (program === undefined || plugin === undefined) return undefined
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const settings = join(folder, 'orthanc.json')
  await writeFile(settings, JSON.stringify({
    Name: 'benchmark',
    StorageDirectory: join(folder, 'db'),
    IndexDirectory: join(folder, 'db'),
    SyncStorageArea: true,
    StorageCompression: false,
    HttpPort: port,
    KeepAlive: true,
    DicomServerEnabled: false,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    Plugins: [plugin],
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  }))
  const url = `http://127.0.0.1:${port}`
  const process = await ServerProcess.start({ program, parameters: [settings], readyUrl: `${url}/system` })
  return { process, url, dicomWeb: `${url}/dicom-web` }
}

async function firstOf (paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await access(path).then(() => true, () => false)) return path
  }
  return undefined
}
