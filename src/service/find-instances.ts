import type { FastifyRequest } from 'fastify'
import type { Archive, StoredInstance } from '../archive/archive.ts'
import { AppError } from '../errors.ts'
import { pathUids } from './dicomweb-url.ts'

/**
 * The instances that the path names, at least one.
 * @throws AppError `uid-invalid`; `gone` when they were here and were removed; `not-found`
 */
export function findInstances (archive: Pick<Archive, 'findInstances' | 'isGone'>, request: FastifyRequest): StoredInstance[] {
  const { study, series, instance } = pathUids(request)
  const found = archive.findInstances({ study, series, sop: instance })
  if (found.length > 0) return found
  const gone = [instance, series, study].some(uid => uid !== undefined && archive.isGone(uid))
  if (gone) throw new AppError('gone', 'What the path names was here and has been removed')
  throw new AppError('not-found', 'What the path names is not here')
}
