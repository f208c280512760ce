"""What highdicom reads in Structured Reports: a JSON list of sets on stdin, the complaints of each as JSON on stdout."""
import json
import sys
import warnings

# what pydicom 3 and highdicom say of each other is not about our files
import highdicom
import pydicom
from highdicom.sr import CodedConcept, Comprehensive3DSR, ComprehensiveSR, EnhancedSR

warnings.simplefilter('error')
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE

readers = {
    '1.2.840.10008.5.1.4.1.1.88.34': Comprehensive3DSR,
    '1.2.840.10008.5.1.4.1.1.88.33': ComprehensiveSR,
    '1.2.840.10008.5.1.4.1.1.88.22': EnhancedSR,
}
probability = CodedConcept('122157', 'DCM', 'Probability')
tuber = CodedConcept('TSC-TUBER', '99TSCAI', 'Tuber of tuberous sclerosis complex')
present = CodedConcept('52101004', 'SCT', 'Present')
finding = CodedConcept('121071', 'DCM', 'Finding')


def without_failures(items):
    """highdicom 0.28 wants a value of every NUM; PS3.3 C.18.1 allows none, with a qualifier instead: such ones are taken out and counted."""
    failures = 0
    for item in list(items):
        if item.ValueType == 'NUM' and len(item.MeasuredValueSequence) == 0 and len(item.NumericValueQualifierCodeSequence) == 1:
            items.remove(item)
            failures += 1
        else:
            failures += without_failures(item.get('ContentSequence', []))
    return failures


def complaints(path, slices):
    dataset = pydicom.dcmread(path)
    failures = without_failures(dataset.ContentSequence)
    if failures != len([one for one in slices.values() if one['probability'] is None]):
        yield f'{failures} failed measurements'
    groups = readers[dataset.SOPClassUID].from_dataset(dataset).content.get_image_measurement_groups()
    if len(groups) != len(slices):
        yield f'{len(groups)} groups for {len(slices)} slices'
    seen = set()
    for group in groups:
        source, = group.source_images
        uid, frames = source.referenced_sop_instance_uid, source.referenced_frame_numbers
        key = f'{uid} {frames[0] if frames else 1}'
        seen.add(key)
        if key not in slices:
            yield f'a group of {key}, which is no slice'
            continue
        wanted = slices[key]
        measurements = group.get_measurements(name=probability)
        if not group.tracking_identifier or not group.tracking_uid:
            yield 'a group without tracking'
        if len(measurements) != (0 if wanted['probability'] is None else 1):
            yield f'{len(measurements)} probabilities'
        elif measurements and abs(float(measurements[0].value) - max(0.01, 100 * wanted['probability'])) > 0.01:
            yield f'{measurements[0].value} % for {wanted["probability"]}'
        values = [item.value for item in group.get_qualitative_evaluations(name=tuber)]
        if len(values) != 1 or (values[0] == present) != wanted['positive']:
            yield f'qualitative {values} for {wanted}'
        if (group.finding_type == tuber) != wanted['positive']:
            yield f'{finding.meaning} of a slice that is {"" if wanted["positive"] else "not "}positive'
    if seen != set(slices):
        yield 'slices without a group'


answers = []
for one in json.load(sys.stdin):
    found = []
    for report in one['reports']:
        try:
            found += complaints(report['path'], report['slices'])
        except Exception as error:
            found.append(f'{type(error).__name__}: {error}')
    for path in one['objects']:
        try:
            image = highdicom.imread(path)
            if image.number_of_frames != int(image.get('NumberOfFrames', 1)):
                found.append('other frames')
        except Exception as error:
            found.append(f'{path.split("/")[-1]}: {error}')
    answers.append(found)
json.dump(answers, sys.stdout)
