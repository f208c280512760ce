import type { Attributes } from './attributes.ts'
import { tagText } from './dictionary.ts'
import { LayeredAttributes } from './layered-attributes.ts'

/** The layers that one functional group item gives: the first item of each macro in it, and the item itself. */
interface Group { readonly standard: readonly Attributes[], readonly private: readonly Attributes[] }

const none: Group = { standard: [], private: [] }

/**
 * Resolves Multi-frame Functional Groups (PS3.3 C.7.6.16): for each frame one view in which its own macros come before
 * the shared ones, these before the data set, and vendors' private macros last. Attributes of a macro are found by
 * their own keyword, without naming the macro's sequence. A classic image is its data set.
 * @returns by frame number, 1-based
 */
export function functionalGroups (attributes: Attributes): (frameNumber: number) => Attributes {
  const perFrame = attributes.items('PerFrameFunctionalGroupsSequence')
  const sharedItem = attributes.items('SharedFunctionalGroupsSequence')[0]
  if (perFrame.length === 0 && sharedItem === undefined) return () => attributes
  const shared = sharedItem === undefined ? none : groupOf(sharedItem)
  return frameNumber => {
    const item = perFrame[frameNumber - 1]
    const own = item === undefined ? none : groupOf(item)
    return new LayeredAttributes([...own.standard, ...shared.standard, attributes, ...own.private, ...shared.private])
  }
}

function groupOf (item: Attributes): Group {
  const macros = (item.tags ?? []).flatMap(tag => item.items(tagText(tag)).slice(0, 1).map(macro => ({ tag, macro })))
  return {
    standard: [...macros.filter(({ tag }) => !isPrivate(tag)).map(({ macro }) => macro), item],
    private: macros.filter(({ tag }) => isPrivate(tag)).map(({ macro }) => macro),
  }
}

function isPrivate (tag: number): boolean {
  return (tag >>> 16) % 2 === 1
}
