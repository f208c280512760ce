/** An element to be written: values that its VR can hold, text in UTF-8, an item as the elements in it, in ascending order of tags. */
export interface WrittenElement { readonly tag: number, readonly vr: string, readonly values: WrittenValues }
export type WrittenValues =
  readonly string[] | readonly number[] | readonly ArrayBuffer[] | readonly (readonly WrittenElement[])[]
