/** Side and pixel of a canvas: 240 mm at 0.75 mm, about what clinical slices are acquired with. */
export const canvasSize = 320
export const canvasPixel = 0.75
