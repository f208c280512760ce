import { z } from 'zod'
import { isUid } from './uid.ts'

/** Counts code points: the limits of PS3.5 6.2 are characters, not bytes. */
const atMost = (limit: number) => z.string().refine(text => Array.from(text).length <= limit, `is longer than ${limit} characters`)
const wellFormed = (text: string) => !/\p{Surrogate}/u.test(text)
const withoutControls = (text: string) => !Array.from(text).some(character => character < ' ' || character === '\x7f')
const withLineEnds = (text: string) => withoutControls(text.replace(/[\t\n\f\r]/g, ''))

const line = (limit: number) => atMost(limit)
  .refine(text => !text.includes('\\'), 'holds a backslash')
  .refine(withoutControls, 'holds a control character')
  .refine(wellFormed, 'is not well-formed Unicode')
const text = (limit: number) => atMost(limit)
  .refine(withLineEnds, 'holds a control character')
  .refine(wellFormed, 'is not well-formed Unicode')
const matching = (pattern: RegExp) => z.string().regex(pattern, 'does not have the form that its VR demands')

const month = '(0[1-9]|1[0-2])'
const day = '(0[1-9]|[12]\\d|3[01])'
const clock = '([01]\\d|2[0-3])([0-5]\\d([0-5]\\d|60)?)?'
const time = '([01]\\d|2[0-3])([0-5]\\d(([0-5]\\d|60)(\\.\\d{1,6})?)?)?'

/** What one value of each text VR may be (PS3.5 table 6.2-1), before padding. */
export const valueSchemas = {
  AE: line(16).refine(value => value.trim() !== '', 'is blank'),
  AS: matching(/^\d{3}[DWMY]$/),
  CS: matching(/^[A-Z0-9 _]{0,16}$/),
  DA: matching(new RegExp(`^\\d{4}${month}${day}$`)),
  DS: matching(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/).max(16, 'is longer than 16 characters'),
  DT: matching(new RegExp(`^\\d{4}(${month}(${day}(${clock}(\\.\\d{1,6})?)?)?)?([+-](0\\d|1[0-4])[0-5]\\d)?$`)),
  IS: matching(/^[+-]?\d{1,11}$/).refine(value => Math.abs(Number(value)) < 2 ** 31, 'is out of range'),
  LO: line(64),
  LT: text(10_240),
  SH: line(16),
  ST: text(1_024),
  TM: matching(new RegExp(`^${time}$`)),
  UC: line(2 ** 31),
  UI: z.string().refine(isUid, 'is not a valid UID'),
  UR: line(2 ** 31).refine(value => !value.startsWith(' '), 'begins with a blank'),
  UT: text(2 ** 31),
} as const

/** One component group of a person name: five components at most, `=` separates groups (PS3.5 6.2.1). */
export const nameGroupSchema = line(64)
  .refine(value => !value.includes('='), 'holds an equals sign')
  .refine(value => value.split('^').length <= 5, 'has more than five components')

/** Ranges of the binary integers (PS3.5 table 6.2-1). */
export const integerSchemas = {
  US: z.int().min(0).max(0xffff),
  SS: z.int().min(-0x8000).max(0x7fff),
  UL: z.int().min(0).max(0xffffffff),
  SL: z.int().min(-0x80000000).max(0x7fffffff),
  AT: z.int().min(0).max(0xffffffff),
} as const
