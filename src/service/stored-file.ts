import type { StoredInstance } from '../archive/archive.ts'
import type { Instance } from '../dicom/instance.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'

/** A stored instance from its file, without hashing again what was hashed when it came. @throws AppError as `readInstanceFile` */
export async function readStored ({ path, digest }: Pick<StoredInstance, 'path' | 'digest'>): Promise<Instance> {
  return await readInstanceFile(path, {}, { digest })
}
