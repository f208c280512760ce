import type { Scope } from '../../config/scope.ts'

/** What a route wants of a client: a scope, nothing, or for the metrics their own token or `admin`. */
export type RouteScope = Scope | 'anonymous' | 'metrics'

/**
 * The one table of who may call what. A route that is not in it cannot be registered. `anonymous` routes tell nothing about
 * patients and change nothing.
 */
export const routeScopes: Readonly<Record<string, RouteScope>> = {
  'GET /livez': 'anonymous',
  'GET /readyz': 'anonymous',
  'GET /startupz': 'anonymous',
  'GET /openapi.yaml': 'anonymous',
  'GET /metrics': 'metrics',

  'OPTIONS /dicom-web': 'read',
  'POST /dicom-web/studies': 'stow',
  'POST /dicom-web/studies/:study': 'stow',
  'GET /dicom-web/studies': 'read',
  'GET /dicom-web/series': 'read',
  'GET /dicom-web/instances': 'read',
  'GET /dicom-web/studies/:study/series': 'read',
  'GET /dicom-web/studies/:study/instances': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances': 'read',
  'GET /dicom-web/studies/:study': 'read',
  'GET /dicom-web/studies/:study/series/:series': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance': 'read',
  'GET /dicom-web/studies/:study/metadata': 'read',
  'GET /dicom-web/studies/:study/series/:series/metadata': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/metadata': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/frames/:frames': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/bulkdata/*': 'read',
  'GET /dicom-web/studies/:study/rendered': 'read',
  'GET /dicom-web/studies/:study/series/:series/rendered': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/rendered': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/frames/:frames/rendered': 'read',
  'GET /dicom-web/studies/:study/thumbnail': 'read',
  'GET /dicom-web/studies/:study/series/:series/thumbnail': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/thumbnail': 'read',
  'GET /dicom-web/studies/:study/series/:series/instances/:instance/frames/:frames/thumbnail': 'read',
  'GET /dicom-web/wado': 'read',
  'GET /wado': 'read',

  'GET /dicom-web/workitems': 'read',
  'GET /dicom-web/workitems/:workitem': 'read',
  'POST /dicom-web/workitems': 'stow',
  'POST /dicom-web/workitems/:workitem': 'stow',
  'PUT /dicom-web/workitems/:workitem/state': 'stow',
  'PUT /dicom-web/workitems/:workitem/state/:requester': 'stow',
  'POST /dicom-web/workitems/:workitem/cancelrequest': 'stow',
  'POST /dicom-web/workitems/:workitem/cancelrequest/:requester': 'stow',
  'POST /dicom-web/workitems/:workitem/subscribers/:subscriber': 'stow',
  'DELETE /dicom-web/workitems/:workitem/subscribers/:subscriber': 'stow',

  'GET /api/v1/jobs': 'read',
  'GET /api/v1/jobs/:job': 'read',
  'POST /api/v1/jobs/:job/retry': 'admin',
  'POST /api/v1/jobs/:job/cancel': 'admin',
  'GET /api/v1/series/:series': 'read',
  'POST /api/v1/series/:series/process': 'admin',
  'GET /api/v1/studies/:study/fhir': 'read',
  'DELETE /api/v1/studies/:study': 'admin',
  'POST /api/v1/upload': 'stow',
  'POST /api/v1/selection/dry-run': 'read',
  'GET /api/v1/destinations': 'read',
  'POST /api/v1/destinations/:destination/test': 'admin',

  'GET /': 'read',
  'GET /status': 'read',
  'GET /status/jobs': 'read',
  'GET /status/jobs/:job': 'read',
  'POST /status/jobs/:job/retry': 'admin',
  'POST /status/jobs/:job/cancel': 'admin',
  'GET /status/series': 'read',
  'GET /status/series/find': 'read',
  'GET /status/series/:series': 'read',
  'POST /status/series/:series/process': 'admin',
  'GET /status/destinations': 'read',
  'POST /status/destinations/:destination/test': 'admin',
  'GET /status/upload': 'read',
  'POST /status/upload': 'stow',
  'GET /status/selection': 'read',
  'POST /status/selection': 'read',
  'GET /status/style.css': 'read',
  'GET /status/script.js': 'read',
}

/** Of a route as it is registered; HEAD is as GET. */
export function scopeOf (method: string, url: string): RouteScope | undefined {
  const key = `${method === 'HEAD' ? 'GET' : method} ${url}`
  return Object.hasOwn(routeScopes, key) ? routeScopes[key] : undefined
}
