import { functionalGroups } from './functional-groups.ts'
import { imagePixel } from './image-pixel.ts'
import { imagePlane } from './image-plane.ts'
import type { Instance } from './instance.ts'
import { modalityTransform } from './modality-transform.ts'
import { mrAcquisition } from './mr-acquisition.ts'
import type { Slice } from './slice.ts'
import { vois } from './voi.ts'

/**
 * The frames of an instance, each with its own geometry, pixel and acquisition attributes: classic, Enhanced and Legacy
 * Converted Enhanced images alike. Empty for an object without pixel data.
 */
export function slicesOf (instance: Instance): Slice[] {
  if (instance.frameCount === 0) return []
  const attributesOf = functionalGroups(instance.attributes)
  return Array.from({ length: instance.frameCount }, (_, i) => {
    const frameNumber = i + 1
    const attributes = attributesOf(frameNumber)
    const warnings: string[] = []
    const warn = (text: string) => { warnings.push(text) }
    const frameType = attributes.strings('FrameType')
    return {
      source: instance,
      frameNumber,
      attributes,
      plane: imagePlane(attributes, warn),
      frameOfReferenceUid: instance.attributes.string('FrameOfReferenceUID'),
      pixel: imagePixel(attributes, warn),
      modality: modalityTransform(attributes, warn),
      voi: vois(attributes, warn),
      acquisition: mrAcquisition(attributes),
      imageType: frameType.length > 0 ? frameType : instance.attributes.strings('ImageType'),
      instanceNumber: instance.attributes.number('InstanceNumber'),
      warnings,
    }
  })
}
