import type { FastifyRequest } from 'fastify'
import type { Archive, StoredInstance } from '../archive/archive.ts'
import type { Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import { pathUids, type UidName } from './dicomweb-url.ts'

type Lookup = Pick<Archive, 'findInstances' | 'isGone'>

/**
 * The instances that the path names, at least one.
 * @throws AppError `uid-invalid`; `gone` when they were here and were removed; `not-found`
 */
export function findInstances (archive: Lookup, request: FastifyRequest): StoredInstance[] {
  return findByUids(archive, pathUids(request))
}

/**
 * The instances that all of these UIDs hold for, at least one.
 * @throws AppError `gone`, `not-found`
 */
export function findByUids (archive: Lookup, { study, series, instance }: Partial<Record<UidName, Uid>>): StoredInstance[] {
  const found = archive.findInstances({ study, series, sop: instance })
  if (found.length > 0) return found
  const gone = [instance, series, study].some(uid => uid !== undefined && archive.isGone(uid))
  if (gone) throw new AppError('gone', 'What the request names was here and has been removed')
  throw new AppError('not-found', 'What the request names is not here')
}
