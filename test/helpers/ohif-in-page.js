/* global MutationObserver, document, localStorage, window */
// Runs in OHIF's page before OHIF does. What a test asks of the viewer is a function of `reader`; all give plain values.
(() => {
  // the browser's PDF viewer is a frame of the page
  if (window.top !== window) return
  const services = () => window.ohifServices.services
  const viewport = id => services().cornerstoneViewportService.getCornerstoneViewport(id)
  const displaySet = uid => services().displaySetService.getDisplaySetByUID(uid)
  /** OHIF unwraps a sequence of one item. */
  const first = value => Array.isArray(value) ? value[0] : value
  const instance = uid => services().displaySetService.activeDisplaySets.flatMap(set => set.instances ?? []).find(one => one.SOPInstanceUID === uid)
  const imageUid = id => viewport(id)?.getCurrentImageId?.()?.match(/\/instances\/([^/]+)/)?.[1]
  const sourceUid = uid => first(instance(uid)?.SourceImageSequence)?.ReferencedSOPInstanceUID

  /** The canvas of the page is 2D, and so readable, although WebGL drew what is in it. */
  const pixels = id => {
    const canvas = viewport(id).getCanvas()
    const { width, height } = canvas
    return { width, height, data: canvas.getContext('2d').getImageData(0, 0, width, height).data }
  }
  const shares = id => {
    const { data } = pixels(id)
    let lit = 0
    let coloured = 0
    for (let i = 0; i < data.length; i += 4) {
      const [red, green, blue] = data.subarray(i, i + 3)
      if (red + green + blue > 60) lit++
      if (Math.max(red, green, blue) - Math.min(red, green, blue) > 40) coloured++
    }
    return { lit: lit * 4 / data.length, coloured: coloured * 4 / data.length }
  }
  /** The first and the last canvas pixel that is not dark, along the row and the column through the middle of the picture. */
  const extents = (id, column, row) => {
    const { width, height, data } = pixels(id)
    const bright = (x, y) => data[4 * (y * width + x)] + data[4 * (y * width + x) + 1] + data[4 * (y * width + x) + 2] > 180
    const xs = Array.from({ length: width }, (_, x) => x).filter(x => bright(x, row))
    const ys = Array.from({ length: height }, (_, y) => y).filter(y => bright(column, y))
    return [xs[0], xs.at(-1), ys[0], ys.at(-1)]
  }

  // messages vanish after seconds, and OHIF swallows the exceptions behind them: each is noted as it appears
  const messages = []
  new MutationObserver(changes => changes.flatMap(({ addedNodes }) => [...addedNodes]).filter(node => node.nodeType === 1)
    .flatMap(node => [node, ...node.querySelectorAll('*')]).filter(node => node.matches('[data-sonner-toast],[role=dialog],[role=alert]'))
    .forEach(node => messages.push(node.innerText)))
    .observe(document, { childList: true, subtree: true })
  // else a tour covers the page and takes the clicks
  localStorage.setItem('shownTours', '["basicViewerTour"]')

  window.reader = {
    messages: () => messages,
    viewports: () => [...services().viewportGridService.getState().viewports.keys()],
    activeViewport: () => services().viewportGridService.getActiveViewportId(),
    layout: (numRows, numCols) => {
      window.ohifServices._extensionManager._commandsManager.run({ commandName: 'setViewportGridLayout', commandOptions: { numRows, numCols } })
    },
    displaySets: () => services().displaySetService.activeDisplaySets.map(set => ({
      uid: set.displaySetInstanceUID,
      seriesNumber: Number(set.SeriesNumber),
      modality: set.Modality,
      description: set.SeriesDescription,
      sopClassUid: first(set.instances)?.SOPClassUID ?? set.SOPClassUID,
      unsupported: Boolean(set.unsupported),
      frameOfReferenceUid: set.instances?.[0]?.FrameOfReferenceUID,
      images: (set.instances ?? []).map(({ SOPInstanceUID, InstanceNumber }) =>
        ({ uid: SOPInstanceUID, instanceNumber: Number(InstanceNumber), source: sourceUid(SOPInstanceUID) })),
    })),
    show: (viewportId, displaySetInstanceUID) => {
      services().viewportGridService.setDisplaySetsForViewports([{ viewportId, displaySetInstanceUIDs: [displaySetInstanceUID] }])
    },
    empty: viewportId => {
      services().viewportGridService.setDisplaySetsForViewports([{ viewportId, displaySetInstanceUIDs: [] }])
    },
    /** A viewport is "rendered" from the last series too: the picture must be one of this. */
    shows: (viewportId, uid) => viewport(viewportId)?.viewportStatus === 'rendered' &&
      (uid === undefined || displaySet(uid).instances.some(({ SOPInstanceUID }) => SOPInstanceUID === imageUid(viewportId))) && shares(viewportId).lit > 0.01,
    image: imageUid,
    source: id => sourceUid(imageUid(id)),
    shares,
    /** How far from grey the canvas is, 0 to 255, where a point of the patient (mm) is shown. */
    colourAt: (id, point) => {
      const { width, data } = pixels(id)
      const ratio = width / viewport(id).getCanvas().clientWidth
      const [x, y] = [...viewport(id).worldToCanvas(point)].map(at => Math.round(at * ratio))
      const colour = data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)
      return Math.max(...colour) - Math.min(...colour)
    },
    canvas: id => [viewport(id).getCanvas().clientWidth, viewport(id).getCanvas().clientHeight],
    /** Where a mouse would be over the middle of a viewport. */
    middle: id => {
      const box = viewport(id).element.getBoundingClientRect()
      return [box.left + box.width / 2, box.top + box.height / 2]
    },
    /** Millimetres of the picture, millimetres of patient per canvas pixel, the picture's corners on the canvas, and what is lit. */
    geometry: id => {
      const view = viewport(id)
      const { dimensions, spacing, origin, direction } = view.getImageData()
      const at = (column, row) => origin.map((o, axis) => o + column * spacing[0] * direction[axis] + row * spacing[1] * direction[3 + axis])
      const corners = [[-0.5, -0.5], [dimensions[0] - 0.5, dimensions[1] - 0.5]].map(([c, r]) => [...view.worldToCanvas(at(c, r))])
      const ratio = view.getCanvas().width / view.getCanvas().clientWidth
      const middle = [0, 1].map(axis => Math.round((corners[0][axis] + corners[1][axis]) / 2 * ratio))
      return {
        size: [dimensions[0] * spacing[0], dimensions[1] * spacing[1]],
        millimetresPerPixel: 2 * view.getCamera().parallelScale / view.getCanvas().clientHeight,
        corners,
        extents: extents(id, ...middle),
      }
    },
    report: uid => {
      const set = displaySet(uid)
      return {
        loaded: Boolean(set.isLoaded),
        measurements: (set.measurements ?? []).map(one => ({
          label: one.TrackingIdentifier,
          loaded: Boolean(one.loaded),
          image: one.ReferencedSOPInstanceUID,
          texts: one.labels.map(({ label, value }) => `${label}: ${value}`),
        })),
      }
    },
    /** What is written over the pictures of a viewport, and whether all of it is within its canvas. */
    labels: id => {
      const canvas = viewport(id).getCanvas().getBoundingClientRect()
      return [...viewport(id).element.querySelectorAll('.svg-layer text')].map(text => {
        const box = text.getBoundingClientRect()
        return {
          text: text.textContent,
          inside: box.left >= canvas.left && box.right <= canvas.right && box.top >= canvas.top && box.bottom <= canvas.bottom,
        }
      })
    },
    /** The ends of the lines over the picture, in mm of the patient. */
    lines: id => [...viewport(id).element.querySelectorAll('.svg-layer line')].map(line => [
      [...viewport(id).canvasToWorld([Number(line.getAttribute('x1')), Number(line.getAttribute('y1'))])],
      [...viewport(id).canvasToWorld([Number(line.getAttribute('x2')), Number(line.getAttribute('y2'))])],
    ]),
    pdf: () => document.querySelector('object[type="application/pdf"]')?.getAttribute('data') ?? undefined,
    pdfStart: async () => (await (await window.fetch(window.reader.pdf())).text()).slice(0, 8),
    synchronised: id => services().syncGroupService.getSynchronizersForViewport(id).some(one => one.id === 'IMAGE_SLICE_SYNC'),
  }
})()
