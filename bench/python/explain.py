"""Probability, Grad-CAM and saliency of a tuberlens model folder in PyTorch, by autograd."""
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[2] / 'scripts/pytorch'))
from channels import to_channels  # noqa: E402
from layers_model import LayersModel  # noqa: E402


@dataclass
class Finding:
    probability: float
    maps: dict


class Explainer:
    def __init__(self, folder):
        self.network = LayersModel(folder).eval().requires_grad_(False)
        self.manifest = self.network.manifest
        self.preprocessing = self.manifest['preprocessing']

    def explain(self, units):
        """Findings of some rasters, one backward pass for both maps. Maps are [rows, columns], their largest value 1."""
        unit = torch.from_numpy(np.stack(units)).float()
        rasters = to_channels(unit, self.preprocessing['channels'])
        rasters = rasters.contiguous(memory_format=torch.channels_last).requires_grad_()
        values = self.network.values(rasters, [self.manifest['gradCamLayer'], 'logit'])
        logit = values['logit'][:, 0]
        layer = values[self.manifest['gradCamLayer']]
        at_layer, at_input = torch.autograd.grad(logit.sum(), [layer, rasters])
        with torch.no_grad():
            cam = torch.relu((at_layer.mean((2, 3), keepdim=True) * layer).sum(1, keepdim=True))
            cam = F.interpolate(cam, rasters.shape[2:], mode='bilinear', align_corners=False)[:, 0]
            saliency = at_input.abs().amax(1)
            maps = {'grad-cam': normalised(cam), 'saliency': normalised(saliency)}
            probabilities = torch.sigmoid(logit).tolist()
        return [Finding(p, {name: values[i] for name, values in maps.items()}) for i, p in enumerate(probabilities)]


def normalised(maps):
    return (maps / maps.amax((1, 2), keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)).numpy()
