"""The three channels of a raster, as src/imaging/channels.ts makes them. `unit` is [N, rows, columns], 0..1."""
import torch
from torch.nn import functional as F

FOREGROUND = 0.06
RATIO_LIMIT = 4
CONTRAST_GAIN = 3
CONTRAST_LIMIT = 4
CELLS_ACROSS = 28


def to_channels(unit, kind):
    """[N, rows, columns] → [N, 3, rows, columns]."""
    x = unit[:, None]
    if kind == 'equal':
        return x.expand(-1, 3, -1, -1)
    inside = (x > FOREGROUND).to(x.dtype)
    mean = (x * inside).sum((2, 3), keepdim=True) / (inside.sum((2, 3), keepdim=True) + 1)
    ratio = (x / (mean + 0.02)).clamp(max=RATIO_LIMIT)
    cell = round(max(x.shape[2:]) / CELLS_ACROSS)
    sums = F.avg_pool2d(torch.cat([inside, ratio * inside], 1), cell) * cell * cell
    wide = F.avg_pool2d(sums, 5, 1, 2, count_include_pad=True) * 25
    around = wide[:, 1:] / (wide[:, :1] + 0.05 * 25 * cell * cell)
    around = F.interpolate(around, x.shape[2:], mode='bilinear', align_corners=False)
    contrast = (CONTRAST_GAIN * (ratio - around) * inside).clamp(-CONTRAST_LIMIT, CONTRAST_LIMIT)
    return torch.cat([x, ratio - 1, contrast], 1)
