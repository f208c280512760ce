import type { StoredInstance } from '../archive/archive.ts'
import { slicesOf } from '../dicom/slices.ts'
import type { RenderParameters } from '../dicomweb/render-parameters.ts'
import { type PictureType, renderFrame } from '../dicomweb/rendered.ts'
import { isSrClass, srDocument } from '../dicomweb/sr-document.ts'
import { srHtml } from '../dicomweb/sr-html.ts'
import { srText } from '../dicomweb/sr-text.ts'
import { AppError } from '../errors.ts'
import { encapsulatedPdfClassUid } from '../report/pdf-object.ts'
import type { ServiceContext } from './context.ts'
import { readStored } from './stored-file.ts'

export type DocumentType = 'text/html' | 'text/plain' | 'application/pdf'

/** Media types that images and reports can be had in, the default first (PS3.18 table 8.7.4-1). */
export const pictureTypes: readonly PictureType[] = ['image/jpeg', 'image/png']
const documentTypes: readonly DocumentType[] = ['text/html', 'text/plain']
const pdfTypes: readonly DocumentType[] = ['application/pdf']

/** The media types of an instance; none where it is neither an image nor a report nor an encapsulated PDF. */
export function renderedTypes ({ sopClassUid, frameCount }: StoredInstance): readonly (PictureType | DocumentType)[] {
  if (isSrClass(sopClassUid)) return documentTypes
  if (sopClassUid === encapsulatedPdfClassUid) return pdfTypes
  return frameCount > 0 ? pictureTypes : []
}

/** One frame after the other of an image, its file read once. @throws AppError as reading and drawing do */
export async function framePainter (
  { decoder, settings }: Pick<ServiceContext, 'decoder' | 'settings'>, stored: StoredInstance, type: PictureType,
): Promise<(frame: number, parameters: RenderParameters) => Promise<Uint8Array>> {
  const slices = slicesOf(await readStored(stored))
  return async (frame, parameters) => await renderFrame(slices[frame - 1]!, parameters, type, decoder, settings.renderMaxPixels)
}

/** A report as HTML or text, in UTF-8, of which no value can run or load anything; or the document that the instance holds. */
export async function documentOf (stored: StoredInstance, type: DocumentType): Promise<Uint8Array> {
  if (type === 'application/pdf') return await pdfOf(stored)
  const document = srDocument((await readStored(stored)).attributes)
  return Buffer.from(type === 'text/html' ? srHtml(document) : srText(document))
}

/** The report as PDF: the document without its padding (PS3.3 C.24.2). @throws AppError `not-acceptable` where there is none */
async function pdfOf (stored: StoredInstance): Promise<Uint8Array> {
  const { attributes } = await readStored(stored)
  const document = attributes.bytes('EncapsulatedDocument')
  if (document === undefined) throw new AppError('not-acceptable', 'The instance holds no document')
  return document.subarray(0, attributes.number('EncapsulatedDocumentLength'))
}

/** An instance of several frames is shown by its first one: what could hold them all is not supported. */
export async function renderedForm (
  context: Pick<ServiceContext, 'decoder' | 'settings'>, stored: StoredInstance, type: PictureType | DocumentType, parameters: RenderParameters,
): Promise<Uint8Array> {
  if (isDocumentType(type)) return await documentOf(stored, type)
  return await (await framePainter(context, stored, type))(1, parameters)
}

/** Whether it is of a document, not of a picture. */
export function isDocumentType (type: PictureType | DocumentType): type is DocumentType { return !type.startsWith('image/') }

/** Content-Type of a rendered form. */
export function contentTypeOf (type: PictureType | DocumentType): string {
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
