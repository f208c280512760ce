"""Milliseconds to decode the pixels of a DICOM file with pydicom, one thread, by each plugin that can; reading the header is not
counted, but for the deflated transfer syntax, where it is the reading that inflates.

Reads a JSON list of files on stdin; prints a JSON object: file → plugin → {ms, sha256 of the stored values}. What a plugin
cannot decode is left out.
"""
import argparse
import hashlib
import io
import json
import statistics
import sys
import time
import warnings

import numpy as np
import pydicom
from pydicom.pixels import get_decoder, pixel_array

warnings.simplefilter('ignore')


def decoding(data, plugin):
    """What is measured, as a function."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    if dataset.file_meta.TransferSyntaxUID.is_deflated:
        return lambda: pixel_array(pydicom.dcmread(io.BytesIO(data)))
    return lambda: pixel_array(dataset, decoding_plugin=plugin)


def measure(data, plugin, milliseconds):
    decode = decoding(data, plugin)
    values = np.ascontiguousarray(decode()).astype('<i4')
    times, end = [], time.perf_counter() + milliseconds / 1000
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        decode()
        times.append(1000 * (time.perf_counter() - start))
    return {'ms': statistics.median(times), 'least': min(times), 'sha256': hashlib.sha256(values.tobytes()).hexdigest()}


def plugins_of(data):
    uid = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).file_meta.TransferSyntaxUID
    if not uid.is_encapsulated:
        return ['']
    try:
        plugins = get_decoder(uid).available_plugins
    except NotImplementedError:
        return []
    return [name for name in plugins if name != 'pydicom'] or ['pydicom']


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--milliseconds', type=float, default=150, help='how long each is repeated')
    options = parser.parse_args()
    results = {}
    for path in json.load(sys.stdin):
        with open(path, 'rb') as file:
            data = file.read()
        results[path] = {}
        for plugin in plugins_of(data):
            try:
                results[path][plugin or 'numpy'] = measure(data, plugin, options.milliseconds)
            except Exception as error:
                print(f'{path}: {plugin}: {error}', file=sys.stderr)
    print(json.dumps(results))


if __name__ == '__main__':
    main()
