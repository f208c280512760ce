import type { Uid } from '../dicom/uid.ts'

/**
 * The UID under which a job is seen as a workitem: `2.25.<decimal>` of a version-8 UUID (RFC 9562 5.8, PS3.5 B.2) whose first half is
 * the data folder's own number and whose last seven bytes are the job's, so that it can be read back.
 * @param archive 16 hexadecimal digits
 */
export function jobUid (archive: string, job: number): Uid {
  const bytes = prefix(archive)
  bytes.writeUIntBE(job, 10, 6)
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}` as Uid
}

/** The job that a UID of `jobUid` names; `undefined` for every other UID. */
export function jobOfUid (archive: string, uid: string): number | undefined {
  if (!/^2\.25\.\d{1,39}$/.test(uid)) return undefined
  const hex = BigInt(uid.slice('2.25.'.length)).toString(16).padStart(32, '0')
  if (hex.length !== 32) return undefined
  const bytes = Buffer.from(hex, 'hex')
  return bytes.subarray(0, 10).equals(prefix(archive).subarray(0, 10)) ? bytes.readUIntBE(10, 6) : undefined
}

function prefix (archive: string): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.write(archive.slice(0, 16), 0, 'hex')
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = 0x80
  return bytes
}
