import type { Slice } from '../dicom/slice.ts'

/** Echo times further apart than this are different echoes, ms; less is rounding. */
const sameEcho = 5

/** Parts frames by EchoTime (0018,0081), the shortest echo first; frames without one stay together, at the end. */
export function splitByEcho<T extends { readonly slice: Slice }> (members: readonly T[]): T[][] {
  const echoTime = ({ slice }: T) => slice.acquisition.echoTime ?? Infinity
  const groups: T[][] = []
  let last = -Infinity
  for (const member of [...members].sort((a, b) => compare(echoTime(a), echoTime(b)))) {
    const time = echoTime(member)
    const group = groups.at(-1)
    if (group !== undefined && (time === last || time - last <= sameEcho)) group.push(member)
    else groups.push([member])
    last = time
  }
  return groups
}

const compare = (a: number, b: number) => a === b ? 0 : a - b
