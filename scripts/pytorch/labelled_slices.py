"""Folders that `tuberlens synthesize` wrote, read into memory: 8-bit windowed pictures and tuber masks."""
import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image


class LabelledSlices:
    """Pictures [N, rows, columns] and masks (only of slices with tubers; `mask_of` is −1 elsewhere), 0..255."""

    def __init__(self, pictures, masks, mask_of, labels, patients):
        self.pictures, self.masks, self.mask_of = pictures, masks, mask_of
        self.labels, self.patients = labels, patients

    def of_patients(self, wanted):
        """Positions of the slices whose patient is wanted."""
        return np.flatnonzero([wanted(patient) for patient in self.patients])


def read_slices(folders, threads=2):
    rows = [(Path(folder), row) for folder in folders for row in csv.DictReader(Path(folder, 'labels.csv').open())]
    picture = lambda path: np.asarray(Image.open(path).convert('L'))
    with ThreadPoolExecutor(threads) as pool:
        pictures = np.stack(list(pool.map(lambda item: picture(item[0] / item[1]['file']), rows)))
        marked = [(folder, row) for folder, row in rows if row['mask']]
        masks = np.stack(list(pool.map(lambda item: picture(item[0] / item[1]['mask']), marked)))
    labels = np.array([int(row['label']) for _, row in rows], np.float32)
    mask_of = np.full(len(rows), -1)
    mask_of[[i for i, (_, row) in enumerate(rows) if row['mask']]] = np.arange(len(marked))
    return LabelledSlices(pictures, masks, mask_of, labels, [row['patient'] for _, row in rows])
