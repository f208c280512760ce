"""Stored pixels → what the network sees, by the manifest's preprocessing: the same steps as tuberlens, in NumPy and SciPy."""
import functools
from dataclasses import dataclass

import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut
from scipy import ndimage

CELLS_ALONG = 64
HEAD_LEVEL = 0.12
RIM_SHARE = 0.085


@dataclass
class Raster:
    """`unit` is [rows, columns] of the network's input, 0..1; `display` the slice at its own matrix, 8 bits."""
    unit: np.ndarray
    display: np.ndarray
    transposed: bool
    flips: tuple
    scale: tuple
    offset: tuple


def read_series(folder):
    """The MR images of a folder, along the normal of their planes."""
    slices = [pydicom.dcmread(path) for path in sorted(folder.rglob('*.dcm'))]
    slices = [one for one in slices if one.get('Modality') == 'MR' and 'PixelData' in one]
    for one in slices:
        if one.get('PatientSex') not in ('M', 'F', 'O'):    # highdicom takes no other
            one.PatientSex = ''
    return sorted(slices, key=lambda one: np.dot(normal(one), one.ImagePositionPatient))


def normal(source):
    cosines = np.array(source.ImageOrientationPatient, float)
    return np.cross(cosines[:3], cosines[3:])


def raster_of(source, preprocessing):
    values = apply_modality_lut(source.pixel_array, source).astype(np.float32)
    low, high = window(source, values, preprocessing['voi'])
    brightness = np.clip((values - low) / (high - low), 0, 1)
    if source.PhotometricInterpretation == 'MONOCHROME1':
        brightness = 1 - brightness
    transposed, flips = orientation(source)
    upright = np.flip(brightness.T if transposed else brightness, flips)
    rows, columns = upright.shape
    row_spacing, column_spacing = source.PixelSpacing
    if transposed:
        row_spacing, column_spacing = column_spacing, row_spacing
    height, width = preprocessing['height'], preprocessing['width']
    if preprocessing['fit'] == 'pad':
        step = max(rows * row_spacing / height, columns * column_spacing / width)
        scale = (step / row_spacing, step / column_spacing)
    else:
        scale = (rows / height, columns / width)
    offset = ((rows - height * scale[0]) / 2, (columns - width * scale[1]) / 2)
    down = taps(rows, height, scale[0], offset[0])
    across = taps(columns, width, scale[1], offset[1])
    unit = down @ upright @ across.T
    if preprocessing['quantize8bit']:
        unit = np.rint(unit * 255) / 255
    return Raster(unit, displayed(source, values), transposed, flips, scale, offset)


def displayed(source, values):
    """As a viewer shows it: the header's window (PS3.3 C.11.2.1.2.1), or percentiles where there is none."""
    low, high = window(source, values, {'from': 'header'})
    shown = np.rint(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return 255 - shown if source.PhotometricInterpretation == 'MONOCHROME1' else shown


def window(source, values, choice):
    """The values of black and white."""
    if choice['from'] == 'window':
        return choice['center'] - choice['width'] / 2, choice['center'] + choice['width'] / 2
    if choice['from'] == 'header':
        center, width = source.get('WindowCenter'), source.get('WindowWidth')
        if isinstance(center, pydicom.multival.MultiValue):
            center, width = center[0], width[0]
        if center is not None and width is not None and width > 1:
            return center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
        choice = {'low': 1, 'high': 99}
    low, high = np.percentile(foreground(values), [choice['low'], choice['high']])
    return low, max(high, low + 1e-6)


def foreground(values):
    """The head without air and rim: coarse cells, the largest piece, its holes filled, its rim eroded."""
    rows, columns = values.shape
    size = max(1, -(-max(rows, columns) // CELLS_ALONG))
    edges = [np.arange(0, length, size) for length in (rows, columns)]
    sums = np.add.reduceat(np.add.reduceat(values, edges[0], 0, dtype=np.float64), edges[1], 1)
    counts = np.outer(*[np.minimum(size, length - starts) for length, starts in zip((rows, columns), edges)])
    means = sums / counts
    dark, bright = np.percentile(means, [2, 99])
    labels, found = ndimage.label(means >= dark + HEAD_LEVEL * (bright - dark))
    if found == 0:
        return values
    piece = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    head = np.logical_and.reduce([between(piece, axis) for axis in (0, 1)])
    steps = int(RIM_SHARE * np.sqrt(head.sum()) + 0.5)
    core = ndimage.binary_erosion(head, iterations=steps, border_value=1) if steps else head
    chosen = core if core.sum() * 4 >= head.sum() else head
    return values[np.kron(chosen, np.ones((size, size), bool))[:rows, :columns]]


def between(mask, axis):
    """From the first to the last along an axis."""
    return np.logical_or.accumulate(mask, axis) & np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)


def orientation(source):
    """Transposes and flips that turn rows to the patient's left and columns to the back."""
    row, column = np.array(source.ImageOrientationPatient, float).reshape(2, 3)
    transposed = abs(row[1]) > abs(row[0])
    if transposed:
        row, column = column, row
    return transposed, tuple(axis for axis, turned in ((0, column[1] < 0), (1, row[0] < 0)) if turned)


def oriented_back(heatmap, raster):
    """A map of the raster, turned as the source lies."""
    turned = np.flip(heatmap, raster.flips)
    return turned.T if raster.transposed else turned


@functools.lru_cache
def taps(count, size, scale, offset):
    """Matrix [size, count] of an area average where it shrinks, bilinear where it enlarges."""
    if scale > 1:
        low = np.maximum(scale * np.arange(size) + offset, 0)[:, None]
        high = np.minimum(scale * np.arange(1, size + 1) + offset, count)[:, None]
        cells = np.arange(count)
        return (np.clip(np.minimum(cells + 1, high) - np.maximum(cells, low), 0, None) / scale).astype(np.float32)
    at = scale * (np.arange(size) + 0.5) + offset - 0.5
    inside = np.clip(at, 0, count - 1)
    weights = np.clip(1 - np.abs(inside[:, None] - np.arange(count)), 0, None)
    weights[(at < -0.5) | (at > count - 0.5)] = 0
    return weights.astype(np.float32)
