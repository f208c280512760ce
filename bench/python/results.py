"""What is written: Secondary Captures with the map over the slice, and the TID 1500 report, by highdicom."""
import math

import highdicom as hd
import numpy as np
import pydicom
from PIL import Image, ImageDraw
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

NAMES = {'grad-cam': 'Grad-CAM', 'saliency': 'Saliency map'}
SERIES_NUMBERS = {'grad-cam': 9101, 'saliency': 9201}
MAKER = 'tuberlens benchmark'
TUBER = CodedConcept('TSC-TUBER', '99TSCAI', 'Tuber of tuberous sclerosis complex')
PRESENT, ABSENT = (CodedConcept(value, 'SCT', meaning) for value, meaning in (('52101004', 'Present'), ('2667000', 'Absent')))

# viridis as a polynomial of degree six, near enough for a picture
VIRIDIS = np.array([
    [0.2777, 0.1051, -0.3309, -4.6342, 6.2283, 4.7764, -5.4355],
    [0.0054, 1.4046, 0.2148, -5.7991, 14.1799, -13.7451, 4.6459],
    [0.3341, 1.3846, 0.0951, -19.3324, 56.6906, -65.3530, 26.3124],
])
COLORS = np.rint(255 * np.clip(np.vander(np.linspace(0, 1, 256), 7, increasing=True) @ VIRIDIS.T, 0, 1)).astype(np.uint8)
BAR = Image.fromarray(np.broadcast_to(COLORS[::2], (8, 128, 3)).copy())


def overlay(raster, heatmap, method, probability, label):
    rows, columns = raster.display.shape
    factor = math.ceil(512 / columns)
    size = (columns * factor, rows * factor)
    anatomy = Image.fromarray(raster.display).resize(size, Image.Resampling.BILINEAR).convert('RGB')
    (down, across), (top, left) = raster.scale, raster.offset
    if raster.transposed:
        down, across, top, left = across, down, left, top
    place = (1 / (factor * across), 0, -left / across, 0, 1 / (factor * down), -top / down)
    over = np.asarray(Image.fromarray(heatmap).transform(size, Image.Transform.AFFINE, place, Image.Resampling.BILINEAR))
    opacity = 0.5 * (0.3 + 0.7 * probability)
    colors = Image.fromarray(COLORS[(over * 255 + 0.5).astype(np.uint8)])
    canvas = Image.composite(colors, anatomy, Image.fromarray((over * (255 * opacity) + 0.5).astype(np.uint8)))
    draw = ImageDraw.Draw(canvas)
    width, height = size
    draw.text((4, 4), 'RESEARCH USE ONLY, NOT FOR DIAGNOSIS', (255, 196, 84))
    draw.text((width - 4, 4), f'p={probability:.2f}', (255, 150, 84), anchor='ra')
    draw.text((width - 4, height - 4), label, (235, 235, 235), anchor='rd')
    canvas.paste(BAR, (4, height - 34))
    draw.text((4, height - 4), f'{NAMES[method]}, per-slice max-normalised, 0 to 1', (235, 235, 235), anchor='ld')
    return np.asarray(canvas), factor


def secondary_capture(source, raster, heatmap, method, probability, series, number):
    picture, factor = overlay(raster, heatmap, method, probability, f'slice {number}')
    spacing = [float(one) / factor for one in source.PixelSpacing]
    capture = hd.sc.SCImage.from_ref_dataset(
        source,
        picture,
        photometric_interpretation='RGB',
        bits_allocated=8,
        coordinate_system='PATIENT',
        series_instance_uid=series,
        series_number=SERIES_NUMBERS[method],
        sop_instance_uid=pydicom.uid.generate_uid(),
        instance_number=number,
        manufacturer=MAKER,
        pixel_spacing=spacing,
        patient_orientation=('L', 'P'),
        transfer_syntax_uid=pydicom.uid.ExplicitVRLittleEndian,
        series_description=f'AI {NAMES[method]} - RESEARCH ONLY',
    )
    back = (factor - 1) / (2 * factor)
    cosines = np.array(source.ImageOrientationPatient, float)
    corner = np.array(source.ImagePositionPatient, float) \
        - back * (source.PixelSpacing[1] * cosines[:3] + source.PixelSpacing[0] * cosines[3:])
    capture.ImagePositionPatient = [round(float(one), 6) for one in corner]
    capture.ImageOrientationPatient = list(source.ImageOrientationPatient)
    capture.FrameOfReferenceUID = source.FrameOfReferenceUID
    capture.DerivationDescription = f'{NAMES[method]} of the tuber class over the windowed slice; p={probability:.2f}'
    reference = pydicom.Dataset()
    reference.ReferencedSOPClassUID = source.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.SOPInstanceUID
    capture.SourceImageSequence = [reference]
    return capture


def report(slices, findings, captures, manifest):
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=pydicom.uid.generate_uid(), name=MAKER, manufacturer_name=MAKER, model_name=manifest['name']),
    )
    algorithm = hd.sr.AlgorithmIdentification(
        name=manifest['name'], version=manifest['version'], family=codes.DCM.ArtificialIntelligence)
    groups = [group(one, finding, captures[one.SOPInstanceUID], algorithm, manifest) for one, finding in zip(slices, findings)]
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=CodedConcept('113091000', 'SCT', 'Magnetic resonance imaging'),
        imaging_measurements=groups,
        referenced_images=slices,
    )
    return hd.sr.Comprehensive3DSR(
        evidence=slices + [capture for several in captures.values() for capture in several],
        content=content[0],
        series_instance_uid=pydicom.uid.generate_uid(),
        series_number=9001,
        sop_instance_uid=pydicom.uid.generate_uid(),
        instance_number=1,
        manufacturer=MAKER,
        is_complete=True,
        is_final=False,
        series_description='AI tuber report - RESEARCH ONLY',
    )


def group(source, finding, maps, algorithm, manifest):
    positive = finding.probability >= manifest['output']['threshold']
    images = [(one.SOPClassUID, one.SOPInstanceUID) for one in [source, *maps]]
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=pydicom.uid.generate_uid(), identifier=f'slice {source.InstanceNumber}'),
        algorithm_id=algorithm,
        finding_type=TUBER if positive else None,
        measurements=[hd.sr.Measurement(
            name=CodedConcept('122157', 'DCM', 'Probability'), value=round(100 * finding.probability, 2), unit=codes.UCUM.Percent)],
        qualitative_evaluations=[hd.sr.QualitativeEvaluation(TUBER, PRESENT if positive else ABSENT)],
        source_images=[hd.sr.SourceImageForMeasurementGroup(*image) for image in images],
    )
