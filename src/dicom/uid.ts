import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'

declare const uidBrand: unique symbol
/** A DICOM unique identifier that passed `isUid` (PS3.5 9.1). */
export type Uid = string & { readonly [uidBrand]: true }

const pattern = /^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/

/** PS3.5 9.1: at most 64 characters, numeric components without leading zeros. */
export function isUid (text: string): text is Uid {
  return text.length <= 64 && pattern.test(text)
}

/** @throws AppError `uid-invalid`, naming the attribute; the value is left out, as it may be an attack or an identity. */
export function parseUid (text: string | undefined, attribute: string): Uid {
  if (text === undefined || text === '') throw new AppError('uid-invalid', `${attribute} is missing`, { attribute })
  if (!isUid(text)) throw new AppError('uid-invalid', `${attribute} is not a valid UID`, { attribute, length: text.length })
  return text
}

/** The namespace of every UID that tuberlens derives; it must never change, or results lose their identity. */
const namespace = Buffer.from('0f5e3c2a6d0b4b5c9f3a7b1e52c8d471', 'hex')

/** `2.25.<decimal>` of the version-5 UUID (RFC 9562 5.5, PS3.5 B.2) of a name: the same name gives the same UID on every machine. */
export function uidFromName (name: string): Uid {
  const hash = createHash('sha1').update(namespace).update(name, 'utf8').digest().subarray(0, 16)
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return `2.25.${BigInt(`0x${hash.toString('hex')}`)}` as Uid
}
