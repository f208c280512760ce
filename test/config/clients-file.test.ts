import t from 'tap'
import { parseClients, subjectParts } from '../../src/config/clients-file.ts'

const hex = 'AB'.repeat(32)
const scrypt = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'B'.repeat(43)}`

t.test('a line is a name, scopes and a secret of any kind', async t => {
  const clients = parseClients([
    '# people', '', `alice read,admin password:${scrypt}`, `  orthanc\tstow  token:${hex}  `, `viewer read certificate:${hex.match(/../g)!.join(':')}\r`,
    'pacs stow,read subject:CN=pacs \\, one,O=Hospital', `alice read token:${hex}`,
  ].join('\n'))
  t.strictSame(clients, [
    { name: 'alice', scopes: ['read', 'admin'], secret: { kind: 'password', hash: scrypt } },
    { name: 'orthanc', scopes: ['stow'], secret: { kind: 'token', sha256: hex.toLowerCase() } },
    { name: 'viewer', scopes: ['read'], secret: { kind: 'certificate', sha256: hex.toLowerCase() } },
    { name: 'pacs', scopes: ['stow', 'read'], secret: { kind: 'subject', parts: ['CN=pacs \\, one', 'O=Hospital'] } },
    { name: 'alice', scopes: ['read'], secret: { kind: 'token', sha256: hex.toLowerCase() } },
  ])
  t.strictSame(subjectParts('O=b, CN=a'), ['CN=a', 'O=b'])
})

t.test('a line that is wrong is named by its number alone', async t => {
  for (const [line, message] of [
    ['canary', 'is not a name, scopes and a secret'],
    [`alice read ${hex}`, 'is not a name, scopes and a secret'],
    [`al:canary read token:${hex}`, 'must begin with a name'],
    [`alice read,canary token:${hex}`, 'must name scopes among'],
    ['alice read password:canary', 'holds no secret'],
    ['alice read token:canary', 'holds no secret'],
    ['alice read certificate:canary', 'holds no secret'],
    ['alice read subject:canary', 'holds no secret'],
    ['alice read secret:canary', 'holds no secret'],
  ] as const) {
    t.throws(() => parseClients(`# one\n${line}`), { code: 'config-invalid', message: new RegExp(`^line 2 ${message}`), facts: { line: 2 } }, line)
    try { parseClients(line) } catch (error) { t.notMatch(String(error), 'canary') }
  }
  t.throws(() => parseClients('# nobody\n'), { message: 'names no client' })
})
