"""Compares a model folder as PyTorch computes it with what tuberlens computes, on slices of `tuberlens synthesize`.

The probabilities are read from the JSON of `tuberlens evaluate --model MODEL --labelled FOLDER/labels.csv --out OUT`.
"""
import argparse
import json
import sys
from pathlib import Path

import torch

from channels import to_channels
from labelled_slices import read_slices
from layers_model import LayersModel

LARGEST = 1e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True)
    parser.add_argument('--slices', required=True)
    parser.add_argument('--evaluation', required=True, help='evaluation.json of the same slices, in their order')
    options = parser.parse_args()
    network = LayersModel(options.model).eval()
    slices = read_slices([options.slices])
    unit = torch.from_numpy(slices.pictures).float() / 255
    with torch.no_grad():
        probabilities = torch.sigmoid(network(to_channels(unit, network.manifest['preprocessing']['channels']))[0])
    given = [slice_['probability'] for slice_ in json.loads(Path(options.evaluation).read_text())['slices']]
    if len(given) != len(probabilities):
        sys.exit(f'{len(probabilities)} slices, but {len(given)} in the evaluation: those that are undetermined have no probability; leave them out')
    largest = (probabilities - torch.tensor(given)).abs().max().item()
    print(f'{len(given)} slices, largest difference of the probability {largest:.2e}')
    sys.exit(0 if largest < LARGEST else 1)


if __name__ == '__main__':
    main()
