import t from 'tap'
import { capabilities, toWadl } from '../../src/dicomweb/capabilities.ts'

const routes = [
  { method: 'POST', path: '/studies' },
  { method: 'GET', path: '/studies' },
  { method: 'GET', path: '/studies/{study}/metadata' },
]

t.test('routes become a tree of resources', async t => {
  t.strictSame(capabilities('http://host/dicom-web', routes), {
    application: {
      resources: {
        base: 'http://host/dicom-web',
        resource: [{
          path: 'studies',
          method: [{ name: 'POST' }, { name: 'GET' }],
          resource: [{ path: '{study}', resource: [{ path: 'metadata', method: [{ name: 'GET' }] }] }],
        }],
      },
    },
  })
})

t.test('the WADL holds the same, escaped', async t => {
  t.equal(toWadl(capabilities('http://host/?a="<&>', routes)), '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<application xmlns="http://wadl.dev.java.net/2009/02"><resources base="http://host/?a=&quot;&lt;&amp;&gt;">' +
    '<resource path="studies"><method name="POST"/><method name="GET"/>' +
    '<resource path="{study}"><resource path="metadata"><method name="GET"/></resource></resource></resource></resources></application>\n')
})
