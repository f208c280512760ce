import type { Slice } from '../dicom/slice.ts'

/** Date and time of a report as DICOM DA and TM. */
export interface ReportMoment { readonly date: string, readonly time: string }

/**
 * The newest moment of acquisition among the sources (AcquisitionDate/Time, else SeriesDate/Time, else StudyDate/Time): what a
 * run without a job record is dated with, so that two runs give the same bytes.
 */
export function newestAcquisition (slices: readonly Slice[]): ReportMoment {
  const moments = slices.map(({ attributes }) => {
    for (const event of ['Acquisition', 'Series', 'Study']) {
      const date = attributes.string(`${event}Date`)?.replaceAll('.', '')
      if (date !== undefined && /^\d{8}$/.test(date)) return { date, time: timeOf(attributes.string(`${event}Time`)) }
    }
    return undefined
  }).filter(moment => moment !== undefined)
  moments.sort((a, b) => a.date + a.time < b.date + b.time ? 1 : -1)
  return moments[0] ?? { date: '19700101', time: '000000' }
}

/**
 * A moment as the sources would write it: in the zone of their TimezoneOffsetFromUTC (PS3.3 C.12.1.1.8), which governs every date
 * and time of a data set, or in the site's own where they state none.
 * @param offset such as `+0100`
 */
export function momentIn (at: Date, offset: string | undefined): ReportMoment {
  const stated = /^([+-])(\d{2})(\d{2})$/.exec(offset?.trim() ?? '')
  const minutes = stated ? (stated[1] === '-' ? -1 : 1) * (Number(stated[2]) * 60 + Number(stated[3])) : -at.getTimezoneOffset()
  const digits = new Date(at.getTime() + minutes * 60_000).toISOString().replace(/\D/g, '')
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) }
}

/** Hours, minutes and seconds; fractions are dropped, colons of old files too. */
function timeOf (text: string | undefined): string {
  const digits = (text ?? '').replaceAll(':', '').split('.')[0]!
  return /^\d{2}(\d{2}){0,2}$/.test(digits) ? digits.padEnd(6, '0') : '000000'
}
