import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import t from 'tap'
import { runCli } from '../helpers/cli.ts'
import { niftiBytes, smallFlair, smallHead } from '../training/small-head.ts'

let folder: string
t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  await mkdir(join(folder, 'maps'))
  await writeFile(join(folder, 'maps', 'head.nii'), niftiBytes(smallHead()))
})
t.teardown(() => rm(folder, { recursive: true, force: true }))

t.test('slices, masks, labels and a contact sheet are written, the same for the same seed', async t => {
  const [maps, one, two, sheet] = ['maps', 'one', 'two', 'sheet.png'].map(name => join(folder, name)) as [string, string, string, string]
  const command = ['synthesize', '--label-maps', maps, '--count', '12', '--seed', '4', '--difficulty', 'easy']
  const { code, stdout } = await runCli([...command, '--out', one, '--contact-sheet', sheet])
  t.equal(code, 0)
  t.match(stdout, /12 slices/)
  const lines = (await readFile(join(one, 'labels.csv'), 'utf8')).trim().split('\n')
  t.equal(lines[0], 'file,patient,label,mask,contrast')
  t.equal(lines.length, 13)
  t.ok(lines.slice(1).every(line => /^slice-\d\d\.png,head,(1,slice-\d\d-mask\.png|0,),(T2|FLAIR)$/.test(line)))
  const positive = lines.filter(line => line.includes(',1,')).length
  t.ok(positive > 0 && positive < 12)
  t.equal((await readdir(one)).length, 12 + positive + 1)
  const picture = decode(await readFile(join(one, 'slice-01.png')))
  t.same([picture.width, picture.height, picture.channels], [224, 224, 1])
  const overview = decode(await readFile(sheet))
  t.same([overview.width, overview.height, overview.channels], [8 * 224, 2 * 224, 3])
  await runCli([...command, '--out', two])
  for (const name of await readdir(one)) t.ok((await readFile(join(one, name))).equals(await readFile(join(two, name))), name)
})

t.test('pairs are numbered, and however many threads draw them they are the same', async t => {
  await mkdir(join(folder, 'canvases', 'anna'), { recursive: true })
  await writeFile(join(folder, 'canvases', 'anna', 'one_FLAIR.nii'), niftiBytes(smallFlair()))
  const command = ['synthesize', '--canvases', join(folder, 'canvases'), '--pairs', '--count', '4', '--difficulty', 'easy']
  const one = await runCli([...command, '--out', join(folder, 'pairs')])
  const two = await runCli([...command, '--threads', '2', '--out', join(folder, 'pairs-2')])
  t.same([one.code, two.code], [0, 0], one.stderr)
  const lines = (await readFile(join(folder, 'pairs', 'labels.csv'), 'utf8')).trim().split('\n')
  t.equal(lines[0], 'file,patient,label,mask,contrast,pair')
  t.same(lines.slice(1).map(line => line.replace(/^slice-\d+\.png,/, '')), [1, 2].flatMap(pair => [`anna,0,,FLAIR,${pair}`, `anna,1,slice-${2 * pair}-mask.png,FLAIR,${pair}`]))
  for (const name of await readdir(join(folder, 'pairs'))) {
    t.ok((await readFile(join(folder, 'pairs', name))).equals(await readFile(join(folder, 'pairs-2', name))), name)
  }
})

t.test('what is missing or unknown is told', async t => {
  const fails = async (args: readonly string[], message: RegExp): Promise<void> => {
    const { code, stderr } = await runCli(['synthesize', ...args])
    t.equal(code, 2)
    t.match(stderr, message)
  }
  await fails([], /--out/)
  await fails(['--out', folder], /--label-maps or --canvases/)
  await fails(['--out', folder, '--label-maps', folder, '--difficulty', 'hard'], /--difficulty/)
  await fails(['--out', folder, '--label-maps', folder, '--pairs'], /--pairs needs --canvases/)
  const { code } = await runCli(['synthesize', '--out', join(folder, 'x'), '--label-maps', join(folder, 'absent')])
  t.equal(code, 3)
})
