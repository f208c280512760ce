"""Trains a tuberlens model folder with PyTorch, where there is a GPU or where tfjs-node is too slow.

Slices come from `tuberlens synthesize`; loss, split by patient and choice of the epoch are those of `tuberlens train`. The model
folder that it writes is one like any other: `tuberlens evaluate` judges it.
"""
import argparse
import json
import math
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

from channels import to_channels
from labelled_slices import read_slices
from layers_model import LayersModel

TUBER_CELL, BORDER_CELL, TUBER_WEIGHT, MAP_SHARE, SMOOTHING = 0.35, 0.12, 8, 2, 0.02


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True, help='model folder to start from: a network of untrained.ts, or a trained one')
    parser.add_argument('--slices', required=True, nargs='+', help='folders written by tuberlens synthesize')
    parser.add_argument('--out', required=True)
    parser.add_argument('--validate', default='', help='patients that choose the epoch, separated by commas; none: the last is kept')
    parser.add_argument('--leave-out', default='', help='patients kept for evaluate')
    parser.add_argument('--mask-layer', help='layer that learns where the tubers are too, for a network without an evidence map')
    parser.add_argument('--images', type=int, default=100000, help='slices to train on, repeats counted')
    parser.add_argument('--epoch-images', type=int, default=10000, help='slices between two validations')
    parser.add_argument('--validation-slices', type=int, default=600, help='at most so many slices of the validation patients')
    parser.add_argument('--batch', type=int, default=48)
    parser.add_argument('--learning-rate', type=float, default=0.002)
    parser.add_argument('--weight-decay', type=float, default=0.001)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--log', help='JSON file for the learning curve')
    return parser.parse_args()


def augment(pictures, masks, generator):
    """Mirror, turn, zoom, shift; window and gamma. [N, rows, columns], 0..1."""
    n = len(pictures)
    draw = lambda low, high: torch.rand(n, generator=generator) * (high - low) + low
    angle, zoom = draw(-0.26, 0.26), torch.exp(draw(-0.16, 0.16))
    aspect = torch.exp(draw(-0.06, 0.06))
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    theta = torch.stack([
        torch.stack([angle.cos() * zoom * mirror, -angle.sin() * zoom * aspect, draw(-0.1, 0.1)], 1),
        torch.stack([angle.sin() * zoom * mirror, angle.cos() * zoom * aspect, draw(-0.1, 0.1)], 1),
    ], 1)
    grid = F.affine_grid(theta, (n, 1, *pictures.shape[1:]), align_corners=False)
    moved = F.grid_sample(torch.stack([pictures, masks], 1), grid, mode='bilinear', padding_mode='border', align_corners=False)
    low, high = draw(-0.02, 0.04)[:, None, None], draw(0.75, 1.1)[:, None, None]
    window = ((moved[:, 0] - low) / (high - low)).clamp(0, 1)
    gamma = torch.exp(draw(-0.25, 0.25))[:, None, None]
    return window.clamp(min=1e-4) ** gamma, moved[:, 1]


def objective(logit, evidence, labels, masks):
    loss = F.binary_cross_entropy_with_logits(logit, labels * (1 - 2 * SMOOTHING) + SMOOTHING)
    if evidence is None:
        return loss
    cells = F.adaptive_max_pool2d(masks[:, None], evidence.shape[2:])
    tuber = (cells > TUBER_CELL).float()
    border = (cells > BORDER_CELL) & (cells <= TUBER_CELL)
    weight = torch.where(border, 0.0, 1.0) * (1 + (TUBER_WEIGHT - 1) * tuber)
    return loss + MAP_SHARE * F.binary_cross_entropy_with_logits(evidence, tuber, weight=weight)


def rate(step, steps, peak):
    """One cycle, as src/training/one-cycle.ts: a tenth up, then down along a cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return peak * (0.04 + 0.96 * step / warm)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm))) + peak * 1e-4


def batch_of(slices, chosen):
    pictures = torch.from_numpy(slices.pictures[chosen]).float() / 255
    masks = torch.zeros_like(pictures)
    for i, at in enumerate(slices.mask_of[chosen]):
        if at >= 0:
            masks[i] = torch.from_numpy(slices.masks[at]).float() / 255
    return pictures, masks, torch.from_numpy(slices.labels[chosen])


def area_under_curve(scores, labels):
    order = np.argsort(scores, kind='stable')
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    positive = labels > 0.5
    wanted, other = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - wanted * (wanted + 1) / 2) / (wanted * other)) if wanted and other else math.nan


def history(before, command, patients, seed):
    """The manifest's `training`: the commands of the model started from too, and every patient that any of them saw."""
    earlier = before['command'] != 'initial weights'
    seen = {name.strip() for name in before['data'].rpartition(':')[2].split(',')} if earlier and ':' in before['data'] else set()
    return {
        'data': 'synthetic tubers drawn on label maps and real tuber-free slices: ' + ', '.join(sorted(patients | seen)),
        'command': f'{before["command"]}; then from its weights: {command}' if earlier else command,
        'seed': seed,
        'softwareVersion': before['softwareVersion'],
    }


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    network = LayersModel(options.model, options.mask_layer).to(device, memory_format=torch.channels_last)
    kind = network.manifest['preprocessing']['channels']
    slices = read_slices(options.slices, options.threads)
    validating, leaving = (set(filter(None, names.split(','))) for names in (options.validate, options.leave_out))
    if validating & leaving:
        sys.exit(f'{", ".join(sorted(validating & leaving))}: to be left out and to validate')
    training = slices.of_patients(lambda patient: patient not in validating | leaving)
    judging = slices.of_patients(lambda patient: patient in validating)
    judging = np.sort(np.random.default_rng(0).permutation(judging)[:options.validation_slices])
    decayed = [p for p in network.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in network.parameters() if p.requires_grad and p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{'params': decayed, 'weight_decay': options.weight_decay}, {'params': others, 'weight_decay': 0}], options.learning_rate)
    random, generator = np.random.default_rng(options.seed), torch.Generator().manual_seed(options.seed)
    steps = options.images // options.batch
    between = max(1, options.epoch_images // options.batch)
    half = lambda: torch.autocast(device, dtype=torch.bfloat16)
    best, curve, sums, started = (math.inf, None), [], [], time.time()
    waiting = np.empty(0, int)

    def run(pictures):
        return network(to_channels(pictures.to(device), kind).contiguous(memory_format=torch.channels_last))

    def validate():
        network.eval()
        logits, labels = [], []
        with torch.no_grad():
            for at in range(0, len(judging), options.batch):
                pictures, _, wanted = batch_of(slices, judging[at:at + options.batch])
                logits.append(run(pictures)[0].cpu())
                labels.append(wanted)
        network.train()
        logits, labels = torch.cat(logits), torch.cat(labels)
        return F.binary_cross_entropy_with_logits(logits, labels).item(), area_under_curve(logits.numpy(), labels.numpy())

    def train_on():
        nonlocal best, sums, waiting
        for step in range(steps):
            if len(waiting) < options.batch:
                waiting = random.permutation(training)
            chosen, waiting = np.sort(waiting[:options.batch]), waiting[options.batch:]
            pictures, masks, labels = batch_of(slices, chosen)
            pictures, masks = augment(pictures, masks, generator)
            for group in optimizer.param_groups:
                group['lr'] = rate(step, steps, options.learning_rate)
            with half():
                logit, evidence = run(pictures)
            loss = objective(logit, evidence, labels.to(device), masks.to(device))
            if not torch.isfinite(loss):
                sys.exit('the training loss is no longer a number; take a smaller learning rate')
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            sums.append(loss.item())
            if (step + 1) % between and step + 1 < steps:
                continue
            row = {'images': (step + 1) * options.batch, 'trainingObjective': round(float(np.mean(sums)), 4), 'seconds': round(time.time() - started)}
            sums = []
            if len(judging) > 0:
                loss_there, area = validate()
                row.update({'validationLoss': round(loss_there, 4), 'validationAuc': round(area, 4)})
                if loss_there < best[0]:
                    best = (loss_there, {name: value.clone() for name, value in network.state_dict().items()})
            curve.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)

    network.train()
    try:
        train_on()
    except KeyboardInterrupt:
        if best[1] is None:
            sys.exit('stopped before the first validation: nothing was written')
        print('stopped: the best weights so far are kept', file=sys.stderr)

    if best[1] is not None:
        network.load_state_dict(best[1])
    metrics = {} if best[1] is None else {'validation.logLoss': round(best[0], 4), 'validation.auc': next(
        row['validationAuc'] for row in curve if row['validationLoss'] == round(best[0], 4))}
    own = ' '.join(['python scripts/pytorch/train.py', *(
        f'--{name.replace("_", "-")} {value}' for name, value in vars(options).items()
        if value and name not in ('model', 'slices', 'out', 'log', 'threads'))])
    patients = {slices.patients[i] for i in training}
    network.save(options.out, {**network.manifest, 'training': history(network.manifest['training'], own, patients, options.seed), 'metrics': metrics})
    if options.log:
        with open(options.log, 'w') as file:
            json.dump({'architecture': network.manifest['architecture'], 'curve': curve}, file, indent=1)


if __name__ == '__main__':
    main()
