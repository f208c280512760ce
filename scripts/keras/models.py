"""Networks made and computed by Keras itself, for the tests of `tuberlens import-keras`.

    python3 models.py --out FOLDER [--suffix TEXT] NAME...

writes FOLDER/NAME<suffix>.h5 (legacy HDF5) for each NAME, and FOLDER/expected<suffix>.json with what Keras computes on pictures that
the test makes again from a seed. Weights are random from a seed; statistics of batch normalisation are those of a batch, changed a
little. Runs on Keras 2 (TensorFlow) and Keras 3 (any backend). NAME is a function below, or `all-small`.
"""
import argparse
import json
import os
import pathlib

os.environ.setdefault('KERAS_BACKEND', 'jax')
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

generation = int(keras.__version__.split('.')[0])


def numbers(count, seed):
    """Uniform in 0..1: the generator of test/model/support.ts."""
    state, values = seed, np.empty(count, np.float32)
    for index in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[index] = state / 2 ** 32
    return values


def sequential_sigmoid():
    """A Sequential with fused activations, trained for a step, so that the file holds the optimizer's state."""
    model = keras.Sequential([
        keras.Input((16, 16, 3)),
        layers.Conv2D(4, 3, padding='same', activation='relu'),
        layers.MaxPooling2D(2),
        layers.Conv2D(3, (3, 1), strides=(2, 1), use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.SpatialDropout2D(0.2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(1, activation='sigmoid'),
    ], name='sequential_sigmoid')
    model.compile(keras.optimizers.SGD(momentum=0.9), 'binary_crossentropy')
    model.fit(numbers(2 * 768, 3).reshape(2, 16, 16, 3), np.array([[0.], [1.]]), epochs=1, verbose=0)
    return model


def functional_softmax():
    """Branches, a sum, and a softmax in a layer of its own."""
    picture = keras.Input((17, 16, 3), name='picture')
    x = layers.Rescaling(2., offset=-1.)(picture)
    x = layers.ZeroPadding2D(((1, 0), (2, 1)))(x)
    x = layers.Conv2D(4, 3, strides=2, name='stem')(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-2)(x)
    x = layers.Activation('relu')(x)
    left = layers.Conv2D(4, 3, padding='same', dilation_rate=2)(x)
    right = layers.AveragePooling2D(3, strides=1, padding='same')(x)
    x = layers.Concatenate()([layers.Add()([left, right, x]), right])
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(5)(x)
    x = layers.BatchNormalization(center=False)(x)
    x = layers.Activation('relu')(x)
    x = layers.Dense(2)(x)
    x = layers.Softmax(name='classes')(x) if generation == 3 else layers.Activation('softmax', name='classes')(x)
    return keras.Model(picture, x, name='functional_softmax')


def small_backbone(name):
    """Its layers have names that others use as well."""
    picture = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, name='conv')(picture)
    x = layers.BatchNormalization(name='bn')(x)
    x = layers.Activation('relu', name='relu')(x)
    y = layers.Conv2D(4, 1, name='conv_2')(x)
    y = layers.BatchNormalization(name='bn_2')(y)
    return keras.Model(picture, layers.Activation('relu', name='relu_2')(layers.Add(name='add')([x, y])), name=name)


def nested_sequential():
    """A backbone and augmentation as layers of a Sequential; two softmax units."""
    return keras.Sequential([
        keras.Input((16, 16, 3)),
        keras.Sequential([layers.RandomFlip('horizontal'), layers.RandomRotation(0.1)], name='augmentation'),
        small_backbone('backbone'),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.3),
        layers.Dense(2, activation='softmax'),
    ], name='nested_sequential')


def nested_functional():
    """A half frozen backbone, in which Keras writes the frozen weights last; a model in a model in a model."""
    backbone = small_backbone('backbone')
    backbone.get_layer('conv').trainable = False
    backbone.get_layer('bn_2').trainable = False
    picture = keras.Input((16, 16, 3), name='conv')
    inner = keras.Input((16, 16, 3))
    body = keras.Model(inner, layers.GlobalAveragePooling2D(name='mean')(backbone(inner, training=False)), name='body')
    x = layers.Dense(3, activation='relu', name='bn')(body(picture))
    return keras.Model(picture, layers.Dense(1, activation='sigmoid', name='tuber')(x), name='nested_functional')


def nested_inception_v3():
    """Keras's own in a Sequential, which says nothing of its input itself; two softmax units."""
    backbone = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(224, 224, 3))
    return keras.Sequential([backbone, layers.GlobalAveragePooling2D(), layers.Dense(2, activation='softmax')])


def nested_resnet_50():
    """Keras's own, its input of any size, in a functional model; one sigmoid unit."""
    backbone = keras.applications.ResNet50(include_top=False, weights=None)
    picture = keras.Input((224, 224, 3))
    x = layers.GlobalAveragePooling2D()(backbone(picture))
    return keras.Model(picture, layers.Dense(1, activation='sigmoid')(layers.Dropout(0.5)(x)))


small = [sequential_sigmoid, functional_softmax, nested_sequential, nested_functional]
large = [nested_inception_v3, nested_resnet_50]


def leaves(model):
    for layer in model.layers:
        if hasattr(layer, 'layers'):
            yield from leaves(layer)
        else:
            yield layer


def settle(model, pictures, seed):
    """Random weights everywhere, statistics of this batch, so that no layer hides behind zeros and ones and nothing overflows."""
    generator = np.random.default_rng(seed)
    near = lambda value, spread: value + generator.uniform(-spread, spread, value.shape).astype(np.float32)  # noqa: E731
    normalizations = [layer for layer in leaves(model) if isinstance(layer, layers.BatchNormalization)]
    for layer in leaves(model):
        if layer in normalizations:
            layer.set_weights([near(value, 0.3) for value in layer.get_weights()])
        elif hasattr(layer, 'kernel'):
            kernel, *bias = layer.get_weights()
            inputs = np.prod(kernel.shape[:-1])
            # deep random networks turn rounding into 1e-5 of a probability, here and there: a weak head keeps that below the tolerance
            bound = np.sqrt(6 / inputs) / (8 if kernel.ndim == 2 and inputs > 1000 else 1)
            layer.set_weights([near(np.zeros_like(kernel), bound), *[near(value, 0.2) for value in bias]])
    before = [(layer.momentum, layer.trainable) for layer in normalizations]
    for layer in normalizations:
        layer.momentum, layer.trainable = 0., True
    model(pictures, training=True)
    for layer, (momentum, trainable) in zip(normalizations, before):
        layer.momentum, layer.trainable = momentum, trainable
        *affine, mean, variance = layer.get_weights()
        layer.set_weights([*affine, near(mean, 0.05), variance * near(np.ones_like(variance), 0.1)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', type=pathlib.Path, required=True)
    parser.add_argument('--suffix', default='')
    parser.add_argument('names', nargs='+')
    options = parser.parse_args()
    known = {build.__name__: build for build in small + large}
    expected = {}
    for name in [build.__name__ for build in small] if options.names == ['all-small'] else options.names:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model = known[name]()
        shape = [2, *model.input_shape[1:]]
        pictures = numbers(int(np.prod(shape)), 7).reshape(shape)
        settle(model, pictures, seed=1)
        probabilities = np.asarray(model(pictures, training=False)).tolist()
        path = options.out / f'{name}{options.suffix}.h5'
        model.save(path)
        expected[name] = {'file': path.name, 'keras': keras.__version__, 'shape': shape, 'seed': 7, 'probabilities': probabilities}
    (options.out / f'expected{options.suffix}.json').write_text(json.dumps(expected, indent=2) + '\n')


main()
