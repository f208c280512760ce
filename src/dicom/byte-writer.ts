const chunkSize = 64 * 1024

/** Little-endian bytes, written one after the other and joined once at the end: large values are not copied before that. */
export class ByteWriter {
  readonly #pieces: Uint8Array[] = []
  #chunk = Buffer.allocUnsafe(chunkSize)
  /** Of the chunk: where what is in no piece yet begins, and where it ends. */
  #from = 0
  #to = 0
  #earlier = 0

  /** Bytes so far. */
  get length (): number { return this.#earlier + this.#to - this.#from }

  /**
   * Room for `size` bytes or fewer, written by `write` at an offset of a buffer.
   * @param write returns the offset behind what it wrote
   */
  put (size: number, write: (buffer: Buffer, at: number) => number): void {
    if (this.#to + size > this.#chunk.length) {
      this.#close()
      this.#chunk = Buffer.allocUnsafe(Math.max(chunkSize, size))
      this.#from = this.#to = 0
    }
    this.#to = write(this.#chunk, this.#to)
  }

  /** Bytes that do not change until they are joined. */
  append (bytes: Uint8Array): void {
    this.#close()
    this.#pieces.push(bytes)
    this.#earlier += bytes.length
  }

  /** All of them, in memory that holds nothing else. */
  joined (): Uint8Array {
    this.#close()
    const bytes = new Uint8Array(this.#earlier)
    let at = 0
    for (const piece of this.#pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  #close (): void {
    if (this.#to === this.#from) return
    this.#pieces.push(this.#chunk.subarray(this.#from, this.#to))
    this.#earlier += this.#to - this.#from
    this.#from = this.#to
  }
}
