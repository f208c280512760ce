import { setFlagsFromString } from 'node:v8'

/** By how much the heap may grow from one search for garbage to the next, percent of what is in use. */
const percent = 100

/**
 * Has the heap searched for garbage less often, for all threads of the process. What comes in lies in buffers beside it, which V8
 * counts as growth of a heap that it lets grow by a tenth when little else happens: it would search all of it after every twentieth
 * slice. What it costs is that tenth made as much again, a few tens of megabytes.
 */
export function growHeapFreely (): void { setFlagsFromString(`--heap-growing-percent=${percent}`) }
