"""What the Python dicomweb-client does with a running service, with pydicom, numpy and Pillow as second readers.

Usage: dicomweb_client_checks.py URL FIXTURES [DATA]; prints one JSON object per check: {"name", "problem"}.
"""
import json
import sys
import traceback
import warnings
from io import BytesIO
from pathlib import Path

import numpy
import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.encaps import generate_frames

url, fixtures = sys.argv[1], Path(sys.argv[2])
data = Path(sys.argv[3]) if len(sys.argv) > 3 else None
warnings.filterwarnings('error', message='.*not compliant with the DICOM standard.*')  # what the client says of answers
client = DICOMwebClient(url)
EXPLICIT = '1.2.840.10008.1.2.1'


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return pydicom.dcmread(path)


flair = [read(path) for path in sorted((fixtures / 'flair').glob('*.dcm'))]
enhanced = read(fixtures / 'special/enhanced-flair.dcm')
rle = read(fixtures / 'special/corrupt-series/IM-0001.dcm')
names = [read(fixtures / f'special/name-{script}.dcm') for script in ('greek', 'japanese', 'utf8')]
for ds in names:
    ds.StudyInstanceUID += '.1'
ct = read(fixtures / 'special/ct.dcm')
study = flair[0].StudyInstanceUID
series = flair[0].SeriesInstanceUID


def uids(ds):
    return ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID


def differences(found, wanted, skip=()):
    """Tags whose value differs, group 2 and `skip` left out; the VR is compared unless one of both is unknown."""
    tags = {e.tag for e in found} | {e.tag for e in wanted}
    different = []
    for tag in sorted(tags):
        if tag.group == 2 or tag.element == 0 or tag in skip:
            continue
        a, b = found.get(tag), wanted.get(tag)
        if a is None or b is None:
            different.append(f'{tag} only on one side')
        elif a.VR == 'SQ' and b.VR == 'SQ':
            if len(a.value) != len(b.value):
                different.append(f'{tag} items')
            for x, y in zip(a.value, b.value):
                different += differences(x, y, skip)
        elif a.VR != b.VR and 'UN' not in (a.VR, b.VR):
            different.append(f'{tag} VR {a.VR} {b.VR}')
        elif a.VR == b.VR and (a.value or None) != (b.value or None):
            different.append(f'{tag} value')
    return different


def same(found, wanted, skip=()):
    assert differences(found, wanted, skip) == [], differences(found, wanted, skip)[:5]


def stored(response, sent):
    assert 'FailedSOPSequence' not in response, response
    assert [item.ReferencedSOPInstanceUID for item in response.ReferencedSOPSequence] == [ds.SOPInstanceUID for ds in sent]
    for item, ds in zip(response.ReferencedSOPSequence, sent):
        assert item.ReferencedSOPClassUID == ds.SOPClassUID


def status_of(error):
    return error.response.status_code


def windowed(ds, values):
    """PS3.3 C.11.2.1.2.1, LINEAR, to 0..255."""
    x = values.astype('float64') * float(ds.get('RescaleSlope', 1)) + float(ds.get('RescaleIntercept', 0))
    c, w = (float(v[0] if isinstance(v, pydicom.multival.MultiValue) else v) for v in (ds.WindowCenter, ds.WindowWidth))
    y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
    return numpy.clip(numpy.where(x <= c - 0.5 - (w - 1) / 2, 0, numpy.where(x > c - 0.5 + (w - 1) / 2, 255, y)), 0, 255)


checks = []


def check(f):
    checks.append(f)
    return f


@check
def stores_a_series_in_one_request():
    stored(client.store_instances(flair), flair)


@check
def stores_into_a_study_and_in_chunks():
    chunked = DICOMwebClient(url)
    chunked.set_chunk_size(5000)
    stored(chunked.store_instances([enhanced, rle], study_instance_uid=study), [enhanced, rle])


@check
def stores_names_in_other_character_sets():
    stored(client.store_instances(names), names)


@check
def is_told_that_what_is_not_for_the_service_was_taken():
    stored(client.store_instances([ct]), [ct])


@check
def is_told_which_instance_failed():
    broken = read(fixtures / 'flair/IM-0001.dcm')
    broken.StudyInstanceUID = '1.2.3.4.5'
    good = flair[1]
    answer = client.store_instances([broken, good], study_instance_uid=study)
    assert [item.FailureReason for item in answer.FailedSOPSequence] == [0xA901]
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [good.SOPInstanceUID]


@check
def searches_studies():
    found = {row.StudyInstanceUID: row for row in map(pydicom.Dataset.from_json, client.search_for_studies())}
    assert set(found) == {study, study + '.1'}
    found = found[study]
    assert found.PatientID == flair[0].PatientID
    assert found.RetrieveURL == f'{url}/studies/{study}'
    for filters in ({'PatientID': flair[0].PatientID}, {'00100020': flair[0].PatientID}, {'StudyDate': '20200101-20301231'},
                    {'PatientName': str(flair[0].PatientName)[:3] + '*'}, {'ModalitiesInStudy': 'MR'}, {'StudyInstanceUID': study}):
        assert study in [row['0020000D']['Value'][0] for row in client.search_for_studies(search_filters=filters)], filters
    assert len(client.search_for_studies(search_filters={'StudyInstanceUID': study})) == 1
    for filters in ({'PatientID': 'nobody'}, {'StudyDate': '19000101-19001231'}, {'PatientName': 'Z*'}):
        assert client.search_for_studies(search_filters=filters) == [], filters


@check
def searches_with_fuzzy_matching_and_extra_fields():
    name = str(flair[0].PatientName)
    [found] = client.search_for_studies(fuzzymatching=True, search_filters={'PatientName': name}, fields=['PatientBirthDate', '00081030'])
    found = pydicom.Dataset.from_json(found)
    assert found.StudyDescription == flair[0].StudyDescription
    assert found.PatientBirthDate == flair[0].PatientBirthDate


@check
def searches_series():
    found = {s.SeriesInstanceUID: s for s in map(pydicom.Dataset.from_json, client.search_for_series(study_instance_uid=study))}
    assert set(found) == {ds.SeriesInstanceUID for ds in (flair[0], enhanced, rle)}
    assert found[series].NumberOfSeriesRelatedInstances == len(flair)
    assert found[series].Modality == 'MR'
    [one] = client.search_for_series(search_filters={'SeriesInstanceUID': series, 'Modality': 'MR'})
    assert pydicom.Dataset.from_json(one).SeriesDescription == flair[0].SeriesDescription
    assert client.search_for_series(study, search_filters={'Modality': 'CT'}) == []


@check
def searches_instances_in_pages():
    wanted = {ds.SOPInstanceUID for ds in flair}
    everything = client.search_for_instances(study, series)
    assert {pydicom.Dataset.from_json(i).SOPInstanceUID for i in everything} == wanted
    first = client.search_for_instances(study, series, limit=5)
    rest = client.search_for_instances(study, series, limit=50, offset=5)
    assert len(first) == 5 and len(rest) == len(flair) - 5
    assert {pydicom.Dataset.from_json(i).SOPInstanceUID for i in first + rest} == wanted
    pages = client.search_for_instances(study, series, limit=5, get_remaining=True)
    assert {pydicom.Dataset.from_json(i).SOPInstanceUID for i in pages} == wanted
    [one] = client.search_for_instances(search_filters={'SOPInstanceUID': flair[3].SOPInstanceUID})
    one = pydicom.Dataset.from_json(one)
    assert (one.Rows, one.Columns, one.InstanceNumber) == (flair[3].Rows, flair[3].Columns, flair[3].InstanceNumber)


@check
def retrieves_an_instance():
    for ds in (flair[0], enhanced, *names):
        found = client.retrieve_instance(*uids(ds))
        assert found.file_meta.TransferSyntaxUID == EXPLICIT
        same(found, ds)
        assert str(found.PatientName) == str(ds.PatientName)


@check
def retrieves_an_instance_as_it_is_stored():
    for media_types in ((('application/dicom', '*'),), (('application/dicom', EXPLICIT),)):
        same(client.retrieve_instance(*uids(flair[0]), media_types=media_types), flair[0])
    found = client.retrieve_instance(*uids(rle), media_types=(('application/dicom', '*'),))
    assert found.file_meta.TransferSyntaxUID == rle.file_meta.TransferSyntaxUID
    same(found, rle)


@check
def retrieves_a_compressed_instance_decoded():
    found = client.retrieve_instance(*uids(rle), media_types=(('application/dicom', EXPLICIT),))
    assert found.file_meta.TransferSyntaxUID == EXPLICIT
    assert numpy.array_equal(found.pixel_array, rle.pixel_array)
    same(found, rle, skip=(0x7FE00010,))


@check
def retrieves_series_and_study():
    originals = {ds.SOPInstanceUID: ds for ds in (*flair, enhanced, rle)}
    for found in (client.retrieve_series(study, series), list(client.iter_series(study, series))):
        assert sorted(ds.SOPInstanceUID for ds in found) == sorted(ds.SOPInstanceUID for ds in flair)
        for ds in found:
            same(ds, originals[ds.SOPInstanceUID])
    found = client.retrieve_study(study)
    assert sorted(ds.SOPInstanceUID for ds in found) == sorted(originals)
    for ds in found:
        assert numpy.array_equal(ds.pixel_array, originals[ds.SOPInstanceUID].pixel_array)


@check
def retrieves_metadata():
    originals = {ds.SOPInstanceUID: ds for ds in (*flair, enhanced, rle)}
    found = client.retrieve_instance_metadata(*uids(flair[0]))
    assert 'BulkDataURI' in found['7FE00010']
    levels = ([found], client.retrieve_series_metadata(study, series), client.retrieve_study_metadata(study))
    assert [len(level) for level in levels] == [1, len(flair), len(originals)]
    for row in (row for level in levels for row in level):
        ds = pydicom.Dataset.from_json(row, bulk_data_uri_handler=lambda _: None)
        original = originals[ds.SOPInstanceUID]
        # DICOM JSON is in UTF-8 whatever the instance is in (PS3.18 F.2)
        same(ds, original, skip=(0x7FE00010, 0x00080005, 0x00100010))
        assert ds.PatientName.components == pydicom.valuerep.PersonName(str(original.PatientName)).components


@check
def retrieves_frames():
    for ds in (flair[0], rle):
        [frame] = client.retrieve_instance_frames(*uids(ds), frame_numbers=[1])
        assert numpy.array_equal(numpy.frombuffer(frame, '<u2').reshape(ds.Rows, ds.Columns), ds.pixel_array)
    for media_types in (None, ('application/octet-stream',), (('application/octet-stream', EXPLICIT),), ('*/*',)):
        frames = client.retrieve_instance_frames(*uids(enhanced), frame_numbers=[1, 4, 3], media_types=media_types)
        assert len(frames) == 3
        for frame, number in zip(frames, (1, 4, 3)):
            assert frame == enhanced.pixel_array[number - 1].tobytes(), (media_types, number)
    assert len(list(client.iter_instance_frames(*uids(enhanced), frame_numbers=[2, 1]))) == 2


@check
def retrieves_a_frame_as_it_is_stored():
    [wanted] = generate_frames(rle.PixelData, number_of_frames=1)
    [frame] = client.retrieve_instance_frames(*uids(rle), frame_numbers=[1], media_types=(('image/dicom-rle', '1.2.840.10008.1.2.5'),))
    assert frame == wanted


@check
def retrieves_rendered_images():
    for ds, frame in ((flair[5], None), (enhanced, 2)):
        pixels = ds.pixel_array if frame is None else ds.pixel_array[frame - 1]
        window = ds if frame is None else ds.SharedFunctionalGroupsSequence[0].get('FrameVOILUTSequence', [None])[0] \
            or ds.PerFrameFunctionalGroupsSequence[frame - 1].FrameVOILUTSequence[0]
        for number in ([1] if frame is None else [frame]):
            png = client.retrieve_instance_frames_rendered(*uids(ds), frame_numbers=[number], media_types=('image/png',))
            image = numpy.asarray(Image.open(BytesIO(png)).convert('L'), dtype='float64')
            assert image.shape == pixels.shape
            assert numpy.abs(image - windowed(window, pixels)).max() <= 1, numpy.abs(image - windowed(window, pixels)).max()
    for media_types, kind in ((('image/png',), 'PNG'), (('image/jpeg',), 'JPEG'), (None, 'JPEG')):
        image = Image.open(BytesIO(client.retrieve_instance_rendered(*uids(flair[5]), media_types=media_types)))
        assert image.format == kind and image.size == (flair[5].Columns, flair[5].Rows), (image.format, image.size)
        difference = numpy.abs(numpy.asarray(image.convert('L'), dtype='float64') - windowed(flair[5], flair[5].pixel_array))
        assert difference.mean() <= 3, difference.mean()
    small = client.retrieve_instance_rendered(*uids(flair[5]), media_types=('image/jpeg',), params={'viewport': '100,100', 'quality': 50})
    assert max(Image.open(BytesIO(small)).size) == 100


@check
def retrieves_bulk_data():
    uri = client.retrieve_instance_metadata(*uids(flair[0]))['7FE00010']['BulkDataURI']
    for media_types in (None, ('application/octet-stream',)):
        [value] = client.retrieve_bulkdata(uri, media_types=media_types)
        assert value == flair[0].PixelData
    assert b''.join(client.iter_bulkdata(uri)) == flair[0].PixelData


@check
def is_told_what_does_not_exist():
    for call in (lambda: client.retrieve_instance(study, series, '1.2.3.999'),
                 lambda: client.retrieve_series_metadata(study, '1.2.3.999'),
                 lambda: client.retrieve_instance_frames(*uids(flair[0]), frame_numbers=[2])):
        try:
            call()
        except requests.HTTPError as error:
            assert status_of(error) == 404, status_of(error)
        else:
            raise AssertionError('no error')


if data is not None:
    philips = [read(path) for path in sorted((data / 'philips-flair-axial').glob('*.dcm'))]
    siemens = [read(path) for path in sorted((data / 'siemens-mosaic-9-syntaxes').glob('*.dcm'))]

    @check
    def real_series_goes_and_comes_back():
        stored(client.store_instances(philips), philips)
        originals = {ds.SOPInstanceUID: ds for ds in philips}
        found = client.retrieve_series(philips[0].StudyInstanceUID, philips[0].SeriesInstanceUID)
        assert len(found) == len(philips)
        for ds in found:
            same(ds, originals[ds.SOPInstanceUID])
        for row in client.retrieve_series_metadata(philips[0].StudyInstanceUID, philips[0].SeriesInstanceUID):
            ds = pydicom.Dataset.from_json(row, bulk_data_uri_handler=lambda _: None)
            bulk = [int(tag, 16) for tag, element in row.items() if 'BulkDataURI' in element]
            same(ds, originals[ds.SOPInstanceUID], skip=(0x00080005, *bulk))
        [frame] = client.retrieve_instance_frames(*uids(philips[0]), frame_numbers=[1])
        assert frame == philips[0].PixelData

    @check
    def real_instances_in_nine_encodings_go_and_come_back():
        stored(client.store_instances(siemens), siemens)
        for ds in siemens:
            syntax = ds.file_meta.TransferSyntaxUID
            found = client.retrieve_instance(*uids(ds), media_types=(('application/dicom', '*'),))
            never_sent = syntax in ('1.2.840.10008.1.2', '1.2.840.10008.1.2.2')
            assert found.file_meta.TransferSyntaxUID == (EXPLICIT if never_sent else syntax)
            same(found, ds, skip=(0x7FE00010,))
            decoded = client.retrieve_instance(*uids(ds), media_types=(('application/dicom', EXPLICIT),))
            [frame] = client.retrieve_instance_frames(*uids(ds), frame_numbers=[1])
            assert frame == decoded.PixelData[:len(frame)]
            if not syntax.is_compressed or syntax == '1.2.840.10008.1.2.5':
                assert numpy.array_equal(decoded.pixel_array, ds.pixel_array), syntax.name
                assert numpy.array_equal(found.pixel_array, ds.pixel_array), syntax.name


for f in checks:
    try:
        f()
        problem = None
    except Exception:
        problem = traceback.format_exc()
    print(json.dumps({'name': f.__name__.replace('_', ' '), 'problem': problem}), flush=True)
