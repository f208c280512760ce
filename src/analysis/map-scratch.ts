import { randomUUID } from 'node:crypto'
import { readSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { Heatmap, SliceFinding } from '../model/finding.ts'
import { MapsOnDisk } from './maps-on-disk.ts'

/**
 * Holds the maps of slices that are done with until reports are written: on disk, so that a series of 500 slices needs no more memory than
 * one of 22. The file has no name any more once it is open, so nothing of it is left behind, whatever happens.
 */
export class MapScratch {
  readonly #file: FileHandle
  readonly #maps = new MapsOnDisk((offset, count) => this.#read(offset, count))
  #length = 0

  private constructor (file: FileHandle) { this.#file = file }

  /** @param folder one that can hold 0.4 MB a slice and is on no network */
  static async open (folder: string): Promise<MapScratch> {
    const path = join(folder, `${randomUUID()}.maps`)
    const file = await open(path, 'wx+', 0o600)
    await unlink(path)
    return new MapScratch(file)
  }

  /** The same finding, its maps read from disk when their values are asked for. */
  async keep (finding: SliceFinding): Promise<SliceFinding> {
    if (finding.kind !== 'classified') return finding
    const heatmaps: Heatmap[] = []
    for (const heatmap of finding.heatmaps) heatmaps.push(await this.#keepMap(heatmap))
    return { ...finding, heatmaps }
  }

  async close (): Promise<void> { await this.#file.close() }

  async #keepMap ({ values, ...heatmap }: Heatmap): Promise<Heatmap> {
    const offset = this.#length
    this.#length += values.byteLength
    const { bytesWritten } = await this.#file.write(values, 0, values.byteLength, offset)
    if (bytesWritten < values.byteLength) throw new AppError('out-of-resources', 'there is no room on the disk for the maps of a slice')
    return this.#maps.mapAt(offset, heatmap)
  }

  #read (offset: number, count: number): Float32Array {
    const values = new Float32Array(count)
    if (readSync(this.#file.fd, values, 0, values.byteLength, offset) < values.byteLength) {
      throw new AppError('internal', 'the maps of a slice are no longer on disk')
    }
    return values
  }
}
