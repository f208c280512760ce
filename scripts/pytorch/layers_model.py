"""A tuberlens model folder (TensorFlow.js LayersModel) as a PyTorch module, and back.

Only the layers that tuberlens's four architectures are built of. Tensors are NCHW here; weights keep Keras's layout on disk.
"""
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def same_padding(size, kernel, stride):
    """TensorFlow's SAME padding of one axis, before and after."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


class Convolution(nn.Module):
    def __init__(self, config, weights, name, dilation=1):
        super().__init__()
        kernel = weights[f'{name}/kernel']
        self.weight = nn.Parameter(kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(weights[f'{name}/bias'].clone()) if f'{name}/bias' in weights else None
        self.kernel = tuple(kernel.shape[:2])
        self.stride = pair(config.get('strides', 1))
        self.dilation = dilation
        self.same = config.get('padding', 'same') == 'same'

    def forward(self, x):
        if not self.same:
            return F.conv2d(x, self.weight, self.bias, self.stride)
        spans = [self.dilation * (side - 1) + 1 for side in self.kernel]
        top, bottom = same_padding(x.shape[2], spans[0], self.stride[0])
        left, right = same_padding(x.shape[3], spans[1], self.stride[1])
        if top == bottom and left == right:
            return F.conv2d(x, self.weight, self.bias, self.stride, (top, left), self.dilation)
        return F.conv2d(F.pad(x, (left, right, top, bottom)), self.weight, self.bias, self.stride, 0, self.dilation)

    def saved(self, name):
        yield f'{name}/kernel', self.weight.permute(2, 3, 1, 0)
        if self.bias is not None:
            yield f'{name}/bias', self.bias


class Normalization(nn.Module):
    def __init__(self, config, weights, name):
        super().__init__()
        mean = weights[f'{name}/moving_mean']
        self.scaled = f'{name}/gamma' in weights
        gamma = weights.get(f'{name}/gamma', torch.ones_like(mean))
        self.gamma = nn.Parameter(gamma.clone(), requires_grad=self.scaled)
        self.beta = nn.Parameter(weights[f'{name}/beta'].clone())
        self.register_buffer('mean', mean.clone())
        self.register_buffer('variance', weights[f'{name}/moving_variance'].clone())
        self.momentum = 1 - config['momentum']
        self.epsilon = config['epsilon']

    def forward(self, x):
        return F.batch_norm(x, self.mean, self.variance, self.gamma, self.beta, self.training, self.momentum, self.epsilon)

    def saved(self, name):
        if self.scaled:
            yield f'{name}/gamma', self.gamma
        yield f'{name}/beta', self.beta
        yield f'{name}/moving_mean', self.mean
        yield f'{name}/moving_variance', self.variance


class Dense(nn.Module):
    def __init__(self, weights, name):
        super().__init__()
        self.weight = nn.Parameter(weights[f'{name}/kernel'].t().contiguous())
        self.bias = nn.Parameter(weights[f'{name}/bias'].clone())

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)

    def saved(self, name):
        yield f'{name}/kernel', self.weight.t()
        yield f'{name}/bias', self.bias


class Pooling(nn.Module):
    def __init__(self, config, largest):
        super().__init__()
        self.size, self.stride = pair(config['pool_size']), pair(config['strides'])
        self.same, self.largest = config['padding'] == 'same', largest

    def forward(self, x):
        padding = (0, 0)
        if self.same:
            sides = [same_padding(n, k, s) for n, k, s in zip(x.shape[2:], self.size, self.stride)]
            if any(before != after for before, after in sides):
                raise ValueError('uneven padding of a pooling layer')
            padding = tuple(before for before, _ in sides)
        if self.largest:
            return F.max_pool2d(x, self.size, self.stride, padding)
        return F.avg_pool2d(x, self.size, self.stride, padding, count_include_pad=False)


class Function(nn.Module):
    """A layer without weights."""
    def __init__(self, compute):
        super().__init__()
        self.compute = compute

    def forward(self, *inputs):
        return self.compute(*inputs)


def activation(name):
    known = {'linear': lambda x: x, 'relu': torch.relu, 'sigmoid': torch.sigmoid}
    return known[name]


def log_mean_exp(sharpness):
    def pool(x):
        cells = x.float().flatten(2)
        return (torch.logsumexp(cells * sharpness, 2) - math.log(cells.shape[2])) / sharpness
    return pool


def make_layer(kind, config, weights):
    name = config['name']
    if kind == 'Conv2D':
        return Convolution(config, weights, name)
    if kind == 'DilatedConv2D':
        return Convolution({}, weights, name, config['dilation_rate'])
    if kind == 'BatchNormalization':
        return Normalization(config, weights, name)
    if kind == 'Dense':
        return Dense(weights, name)
    if kind in ('MaxPooling2D', 'AveragePooling2D'):
        return Pooling(config, kind == 'MaxPooling2D')
    if kind == 'Dropout':
        return nn.Dropout(config['rate'])
    if kind == 'ZeroPadding2D':
        (top, bottom), (left, right) = config['padding']
        return Function(lambda x: F.pad(x, (left, right, top, bottom)))
    if kind == 'Reshape':
        rows, columns, channels = config['target_shape']
        return Function(lambda x: x.reshape(x.shape[0], channels, rows, columns))
    simple = {
        'InputLayer': lambda x: x,
        'Activation': activation(config['activation']) if kind == 'Activation' else None,
        'GlobalAveragePooling2D': lambda x: x.mean((2, 3)),
        'Flatten': lambda x: x.permute(0, 2, 3, 1).flatten(1),
        'Add': lambda *inputs: sum(inputs[1:], inputs[0]),
        'Concatenate': lambda *inputs: torch.cat(inputs, 1),
        'LogMeanExpPooling2D': log_mean_exp(config['sharpness']) if kind == 'LogMeanExpPooling2D' else None,
    }
    if simple.get(kind) is None:
        raise ValueError(f'layer {name} is a {kind}, which is not known here')
    return Function(simple[kind])


class LayersModel(nn.Module):
    """The network of a model folder. Gives the logit [N], and the evidence map's logits [N, 1, rows, columns] where it has one.

    `mask_layer` names a layer that is to tell tubers from the rest while it trains, by a 1×1 convolution that is not saved:
    for networks without an evidence map, which learn from the tuber's mask as well then.
    """

    def __init__(self, folder, mask_layer=None):
        super().__init__()
        self.description = json.loads(Path(folder, 'model.json').read_text())
        self.manifest = json.loads(Path(folder, 'manifest.json').read_text())
        weights = read_weights(self.description, folder)
        topology = self.description['modelTopology']
        layers = topology.get('model_config', topology)['config']
        layers = layers if isinstance(layers, list) else layers['layers']
        self.steps, self.parts = [], nn.ModuleDict()
        before = None
        for layer in layers:
            config = layer['config']
            name = config['name']
            nodes = layer.get('inbound_nodes')
            inputs = [node[0] for node in nodes[0]] if nodes else [before] if before else []
            self.parts[name.replace('.', '__')] = make_layer(layer['class_name'], config, weights)
            then = config.get('activation', 'linear') if layer['class_name'] in ('Conv2D', 'Dense') else 'linear'
            self.steps.append((name, inputs, then))
            before = name
        self.read_last_by = {source: i for i, (_, inputs, _) in enumerate(self.steps) for source in inputs}
        self.evidence = self.manifest.get('evidenceLayer')
        self.mask_layer = mask_layer
        self.guide = None
        if mask_layer:
            if mask_layer not in self.parts:
                raise ValueError(f'there is no layer {mask_layer}')
            self.eval()     # so that this does not move the statistics of batch normalisation
            with torch.no_grad():
                channels = self.values(torch.zeros(2, 3, 96, 96), [mask_layer])[mask_layer].shape[1]
            self.guide = nn.Conv2d(channels, 1, 1)
            self.train()

    def forward(self, x):
        mapped = self.mask_layer or self.evidence
        values = self.values(x, ['logit', mapped] if mapped else ['logit'])
        evidence = self.guide(values[mapped]) if self.guide else values.get(mapped)
        return values['logit'][:, 0].float(), None if evidence is None else evidence.float()

    def values(self, x, wanted):
        """What the wanted layers give. What no later layer reads is let go, or validation would hold every layer of a deep network."""
        values, found = {}, {}
        for i, (name, inputs, then) in enumerate(self.steps):
            given = [values[source] for source in inputs] if inputs else [x]
            values[name] = activation(then)(self.parts[name.replace('.', '__')](*given))
            if name in wanted:
                found[name] = values[name]
                if len(found) == len(wanted):
                    break
            for source in inputs:
                if self.read_last_by[source] == i:
                    values.pop(source, None)
        return found

    def save(self, folder, manifest):
        """Writes model.json, weights.bin and the manifest with their hashes."""
        saved = {}
        for name, _, _ in self.steps:
            part = self.parts[name.replace('.', '__')]
            if hasattr(part, 'saved'):
                saved.update(part.saved(name))
        groups = self.description['weightsManifest']
        order = [weight for group in groups for weight in group['weights']]
        parts = [saved[weight['name']].detach().cpu().float().contiguous().numpy().astype('<f4').tobytes() for weight in order]
        Path(folder).mkdir(parents=True, exist_ok=True)
        description = {**self.description, 'weightsManifest': [{'paths': ['weights.bin'], 'weights': order}]}
        files = {'model.json': json.dumps(description).encode(), 'weights.bin': b''.join(parts)}
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        hashes = [{'path': name, 'sha256': hashlib.sha256(content).hexdigest()} for name, content in files.items()]
        Path(folder, 'manifest.json').write_text(json.dumps({**manifest, 'files': hashes}, indent=2) + '\n')


def read_weights(description, folder):
    weights = {}
    for group in description['weightsManifest']:
        data = b''.join(Path(folder, path).read_bytes() for path in group['paths'])
        at = 0
        for entry in group['weights']:
            count = math.prod(entry['shape'])
            values = np.frombuffer(data, '<f4', count, at).reshape(entry['shape'])
            weights[entry['name']] = torch.from_numpy(values.copy())
            at += 4 * count
    return weights
