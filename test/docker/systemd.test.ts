import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { requireTool } from '../helpers/tools.ts'

const unit = resolve(import.meta.dirname, '../../docker/tuberlens.service')
const settings = [...readFileSync(unit, 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => `${name}=${value}`)

t.test('systemd understands the unit', async t => {
  if (!requireTool(t, 'systemd-analyze')) return
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
  t.equal(stderr, '')
  t.equal(status, 0)
})

t.test('systemd finds little to attack in the unit', async t => {
  if (!requireTool(t, 'systemd-analyze')) return
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', unit], { encoding: 'utf8' })
  const exposure = Number(/Overall exposure level for tuberlens\.service: ([\d.]+)/.exec(stdout)?.[1])
  t.ok(exposure <= 1.5, `exposure ${exposure} of 10`)
})

t.test('the unit keeps the data, waits for the end, and does not repeat what cannot succeed', async t => {
  for (const wanted of ['StateDirectory=tuberlens', 'ProtectSystem=strict', 'DynamicUser=yes', 'Restart=on-failure', 'TimeoutStopSec=40']) t.ok(settings.includes(wanted), wanted)
  t.ok(settings.includes(`RestartPreventExitStatus=${exitCodes.config.code}`))
  t.ok(settings.includes('Environment=TUBERLENS_DATA_DIR=/var/lib/tuberlens'))
})
