"""One series, from DICOM files on disk to results on disk, as a competent user would write it in Python.

pydicom reads, NumPy and SciPy make the rasters, PyTorch gives probability, Grad-CAM and saliency of a tuberlens model folder,
Pillow draws, highdicom writes one Secondary Capture for each slice and map and one TID 1500 report. Prints JSON: seconds to load,
and of each run seconds of the clock, of CPU time, and of each step.

Less than tuberlens does: no selection of slices, no checks of the pixels or of their likeness to the training data, no summary
page, no positions chosen for the text, no arrow at the peak; two runs do not give the same bytes. PyTorch computes eagerly, in batches
of eight slices, faster here than 1, 2 or 4; torch.compile wants a C++ compiler and a minute for each network.
"""
import argparse
import json
import resource
import time
from pathlib import Path

started = time.perf_counter()

import pydicom  # noqa: E402
import torch  # noqa: E402

from explain import Explainer  # noqa: E402
from rasters import oriented_back, raster_of, read_series  # noqa: E402
from results import report, secondary_capture  # noqa: E402


class Steps:
    """Seconds of each step."""

    def __init__(self):
        self.seconds, self.last = {}, time.perf_counter()

    def done(self, name):
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0) + now - self.last
        self.last = now


def run(folder, out, explainer, batch):
    steps = Steps()
    out.mkdir(parents=True, exist_ok=True)
    slices = read_series(folder)
    steps.done('read')
    rasters = [raster_of(one, explainer.preprocessing) for one in slices]
    steps.done('rasterize')
    findings = []
    for start in range(0, len(rasters), batch):
        findings += explainer.explain([raster.unit for raster in rasters[start:start + batch]])
    steps.done('network')
    series = {'grad-cam': pydicom.uid.generate_uid(), 'saliency': pydicom.uid.generate_uid()}
    captures = {}
    for number, (source, raster, finding) in enumerate(zip(slices, rasters, findings), 1):
        for method, heatmap in finding.maps.items():
            capture = secondary_capture(source, raster, oriented_back(heatmap, raster), method, finding.probability, series[method], number)
            capture.save_as(out / f'{method}-{number:03}.dcm')
            captures.setdefault(source.SOPInstanceUID, []).append(capture)
    steps.done('captures')
    report(slices, findings, captures, explainer.manifest).save_as(out / 'report.dcm')
    steps.done('report')
    return steps.seconds, [finding.probability for finding in findings]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--model', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--runs', type=int, default=1)
    parser.add_argument('--batch', type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    explainer = Explainer(options.model)
    load = time.perf_counter() - started
    runs, probabilities = [], []
    for _ in range(options.runs):
        clock, cpu = time.perf_counter(), time.process_time()
        steps, probabilities = run(options.folder, options.out, explainer, options.batch)
        runs.append({'seconds': time.perf_counter() - clock, 'cpu': time.process_time() - cpu, 'steps': steps})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({'load': load, 'runs': runs, 'peakKilobytes': peak, 'probabilities': probabilities}))


if __name__ == '__main__':
    main()
