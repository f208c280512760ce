"""The layers of Keras's own InceptionV3 and ResNet50 without top, one a line, against which test/model/backbones.test.ts holds ours.

    python3 layers.py --out FOLDER
"""
import argparse
import json
import os
import pathlib

os.environ.setdefault('KERAS_BACKEND', 'jax')

import keras  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument('--out', type=pathlib.Path, required=True)
out = parser.parse_args().out
settings = ['strides', 'padding', 'use_bias', 'pool_size', 'epsilon', 'momentum', 'scale', 'center', 'activation']
for name, build in {'inception-v3': keras.applications.InceptionV3, 'resnet-50': keras.applications.ResNet50}.items():
    keras.backend.clear_session()
    model = build(include_top=False, weights=None, input_shape=(224, 224, 3))
    lines = []
    for layer in model.layers:
        config = layer.get_config()
        node = layer._inbound_nodes[0]
        lines.append(json.dumps({
            'name': layer.name,
            'class': type(layer).__name__,
            'inputs': [parent.operation.name for parent in node.parent_nodes],
            'shape': list(layer.output.shape[1:]),
            'weights': [list(weight.shape) for weight in layer.weights],
            'settings': {key: config[key] for key in settings if key in config},
        }))
    text = '[\n' + ',\n'.join(lines) + '\n]\n'
    (out / f'{name}.layers.json').write_text(text)
    print(name, model.count_params(), len(lines))
