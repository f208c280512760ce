import { join, resolve } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { freePort } from '../helpers/orthanc.ts'
import { pythonChecks, requirePythonClient } from '../helpers/python.ts'
import { Service } from '../helpers/service.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const script = join(import.meta.dirname, 'dicomweb_client_checks.py')

t.test('the Python dicomweb-client stores, searches and retrieves, and pydicom finds what was sent (C3)', { timeout: 240_000 }, async t => {
  if (!requirePythonClient(t)) return
  const data = dataPath(t, 'mr-dicom')
  const port = await freePort()
  // the client's Host header lacks the port, so that the service must be told its address; no series is to become complete here
  const service = new Service(port, {
    TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model'), TUBERLENS_PUBLIC_BASE_URL: `http://127.0.0.1:${port}`, TUBERLENS_SERIES_QUIET_S: '900',
  })
  t.teardown(() => service.remove())
  await service.start()
  const checks = await pythonChecks(script, [service.dicomWeb, fixtures, ...(data === undefined ? [] : [data])])
  for (const { name, problem } of checks) t.equal(problem, null, `the client ${name}`)
  t.ok(checks.length >= 18, 'nothing was left out')
})
