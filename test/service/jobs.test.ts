import t from 'tap'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

t.test('jobs are listed newest first, by state where asked', async t => {
  const service = await testService(t)
  t.strictSame((await service.inject({ url: '/api/v1/jobs' })).json(), { jobs: [] })
  for (const series of ['1.2.3.4', '1.2.3.5']) {
    await service.store(multipart([dicomFile({ series, sop: `${series}.1` })]))
    const row = service.archive.series.list(10).find(({ seriesInstanceUid }) => seriesInstanceUid === series)
    t.ok(service.archive.series.close(row!, { state: 'COMPLETE', why: 'test', now: Date.now() }))
  }
  const { jobs } = (await service.inject({ url: '/api/v1/jobs?state=QUEUED' })).json<{ jobs: Record<string, unknown>[] }>()
  t.strictSame(jobs.map(job => job['seriesInstanceUid']), ['1.2.3.5', '1.2.3.4'])
  t.equal(jobs[0]!['studyInstanceUid'], '1.2.3')
  t.strictSame((await service.inject({ url: '/api/v1/jobs?state=DEAD' })).json(), { jobs: [] })
  for (const query of ['state=LOST', 'limit=0', 'limit=x', 'other=1']) {
    t.equal((await service.inject({ url: `/api/v1/jobs?${query}` })).statusCode, 400, query)
  }
})
