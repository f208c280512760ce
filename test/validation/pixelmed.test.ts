import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'

type TapTest = Pick<typeof t, 'testdir'>

const script = resolve(import.meta.dirname, '../../scripts/validate-pixelmed.sh')
const group = '/CONTAINER (125007,DCM,"Measurement Group")/'

/** Runs the script with a Java that prints these lines. */
function verdict (t: TapTest, lines: readonly string[]): { status: number | null, stdout: string, stderr: string } {
  const folder = t.testdir({ bin: {}, 'pixelmed.jar': '', 'report.dcm': '' })
  const java = join(folder, 'bin/java')
  mkdirSync(join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'words'), lines.join('\n'))
  writeFileSync(java, `#!/bin/sh\ncat '${join(folder, 'words')}'\n`)
  chmodSync(java, 0o755)
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, PIXELMED_JAR: join(folder, 'pixelmed.jar') }
  return spawnSync('sh', [script, 'report.dcm'], { cwd: folder, encoding: 'utf8', env })
}

const finished = ['Root Template Validation Complete', 'IOD validation complete']

t.test('a report without a complaint, and with those that the standard allows, is ok', async t => {
  t.match(verdict(t, finished), { status: 0, stdout: 'report.dcm: ok\n', stderr: '' })
  const allowed = [
    `Warning: 1.9.11.3: ${group}CODE (276214006,SCT,"Finding category"): Content Item not in template`,
    `Warning: 1.9.11.7: ${group}TEXT (121106,DCM,"Comment"): Content Item not in template`,
    `Warning: 1.9.11.11: ${group}CODE (TSC-TUBER,99TSCAI,"Tuber of tuberous sclerosis complex"): Content Item not in template`,
    `Error: Template 300 Measurement/[Row 1] NUM *: 1.9.14.3: ${group}NUM (122157,DCM,"Probability"): Missing value`,
  ]
  t.equal(verdict(t, [...allowed, ...finished]).status, 0)
})

t.test('any other complaint fails, and so does an end before the end', async t => {
  for (const line of [
    `Error: Template 1501 MeasurementGroup: 1.9.1: ${group}: Missing required content item`,
    `Warning: 1.9.11.3: ${group}CODE (363698007,SCT,"Finding Site"): Content Item not in template`,
  ]) {
    const { status, stdout } = verdict(t, [line, ...finished])
    t.strictSame([status, stdout], [1, `report.dcm: FAILED\n${line}\n`])
  }
  t.match(verdict(t, ['Exception in thread "main"']), { status: 1, stdout: /^report\.dcm: FAILED\nException/ })
})

t.test('without a file, or without the jar, it says what it needs', async t => {
  const run = (args: readonly string[], env = {}) => spawnSync('sh', [script, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })
  t.match(run([]), { status: 64, stderr: /scripts\/validate-pixelmed\.sh REPORT\.dcm/ })
  t.match(verdictWithoutJar(t), { status: 69, stderr: /PIXELMED_JAR names pixelmed\.jar/ })
})

function verdictWithoutJar (t: TapTest): { status: number | null, stderr: string } {
  const folder = t.testdir({ bin: { java: '#!/bin/sh\n' } })
  chmodSync(join(folder, 'bin/java'), 0o755)
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, PIXELMED_JAR: join(folder, 'none.jar') }
  return spawnSync('sh', [script, 'report.dcm'], { encoding: 'utf8', env })
}
