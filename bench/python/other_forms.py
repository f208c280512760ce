"""Rewrites explicit little endian files as deflated or big endian: a JSON list of {from, to, uid} on stdin."""
import json
import sys

import pydicom

for one in json.load(sys.stdin):
    dataset = pydicom.dcmread(one['from'])
    uid = pydicom.uid.UID(one['uid'])
    if not uid.is_little_endian:
        dataset.PixelData = dataset.pixel_array.byteswap().tobytes()
    dataset.file_meta.TransferSyntaxUID = uid
    # "forced" as numbers, too, change their byte order, which save_as refuses
    pydicom.dcmwrite(one['to'], dataset, implicit_vr=uid.is_implicit_VR, little_endian=uid.is_little_endian, force_encoding=True)
print('null')
