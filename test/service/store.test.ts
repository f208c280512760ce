import t from 'tap'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

t.test('an instance is stored, answered and found', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([dicomFile()]))
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(answer.json(), {
    '00081190': { vr: 'UR', Value: ['http://localhost:80/dicom-web/studies/1.2.3'] },
    '00081199': {
      vr: 'SQ',
      Value: [{
        '00081150': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.4'] },
        '00081155': { vr: 'UI', Value: ['1.2.3.4.1'] },
        '00081190': { vr: 'UR', Value: ['http://localhost:80/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'] },
      }],
    },
  })
  t.equal(service.spoolFiles().length, 1)
  t.strictSame(service.temporaryFiles(), [])
})
