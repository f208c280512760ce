"""What pydicom finds in sources and results: a JSON list of sets on stdin, the complaints of each as JSON on stdout."""
import json
import sys
import warnings

warnings.simplefilter('error')

import numpy
import pydicom

pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE


def read(path):
    return pydicom.dcmread(path)


def strict(paths):
    """Every element and every pixel, validation and warnings raised to errors."""
    for path in paths:
        try:
            dataset = read(path)
            dataset.walk(lambda _, element: (str(element), element.value))
            if 'FloatPixelData' in dataset and len(dataset.FloatPixelData) != 4 * dataset.Rows * dataset.Columns * dataset.NumberOfFrames:
                yield 'FloatPixelData of another length'
            if 'PixelData' in dataset:
                frames = int(dataset.get('NumberOfFrames', 1))
                shape = ((frames,) if frames > 1 else ()) + (dataset.Rows, dataset.Columns) + ((3,) if dataset.SamplesPerPixel == 3 else ())
                if dataset.pixel_array.shape != shape:
                    yield f'{dataset.Modality}: pixels of shape {dataset.pixel_array.shape} for {shape}'
        except Exception as error:
            yield f'{path.split("/")[-1]}: {error}'


def references(dataset, key='ReferencedSOPInstanceUID'):
    """Every reference below: class and instance."""
    for element in dataset:
        if element.VR == 'SQ':
            for item in element.value:
                if key in item:
                    yield (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID)
                yield from references(item)


def evidence(dataset):
    for name in ('CurrentRequestedProcedureEvidenceSequence', 'PertinentOtherEvidenceSequence'):
        for study in dataset.get(name, []):
            for series in study.ReferencedSeriesSequence:
                for one in series.ReferencedSOPSequence:
                    yield (study.StudyInstanceUID, series.SeriesInstanceUID, one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID)


def closure(sources, results, other_reports):
    """The tree names what the evidence names and nothing else; whatever is referenced is there, where it is said to be."""
    known = {}
    for dataset in sources + results:
        known[dataset.SOPInstanceUID] = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPClassUID, dataset.SOPInstanceUID)
    others = {dataset.SOPInstanceUID for dataset in other_reports}
    for dataset in results + other_reports:
        other = dataset.SOPInstanceUID in others
        what = f'{dataset.Modality} {dataset.SeriesNumber}'
        if 'ContentSequence' in dataset:
            tree = set(references(pydicom.Dataset({pydicom.tag.Tag(0x0040a730): dataset[0x0040a730]})))
            named = list(evidence(dataset))
            if tree != {one[2:] for one in named}:
                yield f'{what}: tree and evidence differ'
            if len(named) != len(set(named)):
                yield f'{what}: the evidence names an instance twice'
            # reports of another class are of another run, whose maps are not here
            strangers = 0 if other else len([one for one in named if known.get(one[3]) != one])
            if strangers > 0:
                yield f'{what}: the evidence names {strangers} instances that are not where it says'
        if not other:
            strangers = {uid for uid_class, uid in references(dataset) if uid not in known or known[uid][2] != uid_class}
            if strangers:
                yield f'{what}: {len(strangers)} referenced instances are nowhere'


def group(dataset, frame, name):
    for groups in (dataset.get('PerFrameFunctionalGroupsSequence', [])[frame:frame + 1], dataset.get('SharedFunctionalGroupsSequence', [])):
        for item in groups:
            if name in item:
                return item[name].value[0]
    return dataset


def corners(dataset, frame):
    """Where the outer corners of a frame lie, mm (PS3.3 C.7.6.2.1.1); None without a plane."""
    position = group(dataset, frame, 'PlanePositionSequence').get('ImagePositionPatient')
    orientation = group(dataset, frame, 'PlaneOrientationSequence').get('ImageOrientationPatient')
    spacing = group(dataset, frame, 'PixelMeasuresSequence').get('PixelSpacing')
    if position is None or orientation is None or spacing is None:
        return None
    position, orientation, (between_rows, between_columns) = [numpy.array([float(v) for v in values]) for values in (position, orientation, spacing)]
    return numpy.array([
        position + orientation[:3] * between_columns * column + orientation[3:] * between_rows * row
        for row in (-0.5, dataset.Rows - 0.5) for column in (-0.5, dataset.Columns - 0.5)])


def derived_from(dataset, frame):
    """The source of a frame: its UID and frame, 0-based."""
    derivation = group(dataset, frame, 'DerivationImageSequence')
    images = derivation.get('SourceImageSequence', [])
    item = images[0] if derivation is not dataset or len(images) == 1 else images[frame]
    number = item.get('ReferencedFrameNumber', 1)
    return item.ReferencedSOPInstanceUID, int(number if isinstance(number, (int, str)) else number[0]) - 1


def geometry(sources, results):
    """A map covers its source: the same frame of reference, the outer corners within 0.1 mm."""
    by_uid = {dataset.SOPInstanceUID: dataset for dataset in sources}
    maps = [dataset for dataset in results if 'SUMMARY' not in dataset.get('ImageType', []) and 'Rows' in dataset]
    if not maps:
        yield 'there is no map'
    for dataset in maps:
        for frame in range(int(dataset.get('NumberOfFrames', 1))):
            uid, source_frame = derived_from(dataset, frame)
            source = by_uid[uid]
            wanted, found = corners(source, source_frame), corners(dataset, frame)
            if (wanted is None) != (found is None) or dataset.get('FrameOfReferenceUID') != source.get('FrameOfReferenceUID'):
                yield f'series {dataset.SeriesNumber}: not in the plane of its source'
            elif wanted is not None and numpy.abs(wanted - found).max() >= 0.1:
                yield f'series {dataset.SeriesNumber}: {numpy.abs(wanted - found).max():.3f} mm from its source'


def main():
    answers = []
    for one in json.load(sys.stdin):
        results, other_reports = [[read(path) for path in one[name]] for name in ('results', 'otherReports')]
        sources = []
        # of sources, real ones among them, only the places are read
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
            sources = [pydicom.dcmread(path, stop_before_pixels=True) for path in one['sources']]
            pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
        answers.append({
            'pydicom': list(strict(one['results'] + one['otherReports'])),
            'references': list(closure(sources, results, other_reports)),
            'geometry': list(geometry(sources, results)),
        })
    json.dump(answers, sys.stdout)


if __name__ == '__main__':
    main()
