"""How far a marked pixel of a source lies from where its secondary capture shows it: JSON on stdin and stdout, mm."""
import json
import sys

import numpy

from pydicom_checks import group, read


def places(dataset, frame, columns, rows):
    """Patient coordinates of pixel centres, mm (PS3.3 C.7.6.2.1.1)."""
    position = group(dataset, frame, 'PlanePositionSequence').ImagePositionPatient
    orientation = group(dataset, frame, 'PlaneOrientationSequence').ImageOrientationPatient
    spacing = group(dataset, frame, 'PixelMeasuresSequence').PixelSpacing
    position, orientation, (between_rows, between_columns) = [numpy.array([float(v) for v in values]) for values in (position, orientation, spacing)]
    return (position + numpy.multiply.outer(columns, orientation[:3] * between_columns)
            + numpy.multiply.outer(rows, orientation[3:] * between_rows))


answers = []
for one in json.load(sys.stdin):
    source, capture = read(one['source']), read(one['capture'])
    pixels = source.pixel_array
    pixels = pixels if pixels.ndim == 2 else pixels[one['frame']]
    row, column = numpy.unravel_index(pixels.argmax(), pixels.shape)
    mark = places(source, one['frame'], column, row)
    rows, columns = numpy.indices((capture.Rows, capture.Columns))
    where = places(capture, 0, columns, rows)
    size = max(float(v) for v in group(source, one['frame'], 'PixelMeasuresSequence').PixelSpacing)
    gray = capture.pixel_array.astype(float).min(axis=2)
    # far from the mark there is the legend; enlarged, the mark is a symmetric hill, whose centre of mass is its centre
    gray[numpy.linalg.norm(where - mark, axis=2) > 2 * size] = 0
    gray[gray < 0.8 * gray.max()] = 0
    centre = (where * gray[..., None]).sum(axis=(0, 1)) / gray.sum()
    answers.append({
        'at': [int(column), int(row)], 'peak': gray.max(), 'factor': capture.Columns / pixels.shape[1],
        'distance': float(numpy.linalg.norm(centre - mark)),
    })
json.dump(answers, sys.stdout)
