import type { Attributes } from '../dicom/attributes.ts'

const daysPer: Readonly<Record<string, number>> = { D: 1, W: 7, M: 365.25 / 12, Y: 365.25 }

/**
 * Age in years at the study: PatientAge (PS3.5 6.2 AS, such as `018M`), else StudyDate − PatientBirthDate; `undefined`
 * where the header tells neither.
 */
export function patientAge (attributes: Attributes): number | undefined {
  const stated = /^(\d{3})([DWMY])$/.exec(attributes.string('PatientAge') ?? '')
  if (stated) return Number(stated[1]) * daysPer[stated[2]!]! / 365.25
  const birth = day(attributes.string('PatientBirthDate'))
  const study = day(attributes.string('StudyDate'))
  if (birth === undefined || study === undefined || study < birth) return undefined
  return (study - birth) / 365.25
}

/** Days since 1970 of a DA value; archives hold dates that no calendar has, those are absent. */
function day (date: string | undefined): number | undefined {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date ?? '')
  if (!match) return undefined
  const [year, month, dayOfMonth] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const time = new Date(Date.UTC(year, month - 1, dayOfMonth))
  return time.getUTCMonth() === month - 1 && year > 1800 ? time.getTime() / 86_400_000 : undefined
}
