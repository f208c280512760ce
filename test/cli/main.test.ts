import t from 'tap'
import { softwareVersion } from '../../src/analysis/software.ts'
import { runCli } from '../helpers/cli.ts'

t.test('help lists the commands and the exit codes', async t => {
  const { code, stdout } = await runCli(['--help'])
  t.equal(code, 0)
  for (const word of ['analyze', 'select', 'serve', 'demo', 'synthesize', 'train', 'evaluate', 'Exit codes', 'Research use only']) t.match(stdout, word)
})

t.test('each command has its help', async t => {
  for (const name of ['analyze', 'select', 'serve', 'demo', 'synthesize', 'train', 'evaluate', 'import-keras', 'audit', 'credential']) {
    const { code, stdout } = await runCli([name, '--help'])
    t.equal(code, 0, name)
    t.match(stdout, new RegExp(`^Usage: tuberlens ${name}`))
    t.ok(stdout.split('\n').every(line => line.length <= 120), 'fits a terminal')
  }
})

t.test('the version is that of the package', async t => {
  t.match(await runCli(['--version']), { code: 0, stdout: `${softwareVersion()}\n` })
})

t.test('no command and an unknown command are told how to go on', async t => {
  t.match(await runCli([]), { code: 2, stderr: /Usage/, stdout: '' })
  t.match(await runCli(['analyse']), { code: 2, stderr: /no command "analyse".*\n.*--help/ })
  t.match(await runCli(['toString']), { code: 2, stderr: /no command "toString"/ })
})

t.test('a configuration with errors lists them and ends with 78', async t => {
  const { code, stderr } = await runCli(['serve'], { TUBERLENS_PORT: 'http', TUBERLENS_NONSENSE: '1' })
  t.equal(code, 78)
  t.match(stderr, /TUBERLENS_PORT/)
  t.match(stderr, /TUBERLENS_NONSENSE/)
})
