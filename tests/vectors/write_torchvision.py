"""Write `torchvision.json`: what torchvision's own networks make of the drawn weights.

Needs torch and torchvision, which the project does not install.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fixtures.torchvision_weights import mobilenet_tensors, picture, resnet_tensors

MEAN = torch.tensor([0.485, 0.456, 0.406])
STD = torch.tensor([0.229, 0.224, 0.225])
OUTPUT = Path(__file__).with_name("torchvision.json")


def main() -> None:
    """Compute the features and the first logits of both networks for the drawn picture."""
    pixels = torch.from_numpy(picture()).float() / 255
    images = ((pixels - MEAN) / STD).permute(2, 0, 1)[None]
    mobilenet = torchvision.models.mobilenet_v2(weights=None)
    resnet = torchvision.models.resnet50(weights=None)
    networks = {
        "mobilenet": (mobilenet, mobilenet_tensors()),
        "resnet50": (resnet, resnet_tensors()),
    }
    written: dict[str, Any] = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    for name, (network, tensors) in networks.items():
        network.load_state_dict({key: torch.from_numpy(np.array(t)) for key, t in tensors.items()})
        network.eval()
        last = network.classifier if name == "mobilenet" else network.fc
        seen: list[Any] = []
        last.register_forward_pre_hook(lambda _, inputs, kept=seen: kept.append(inputs[0]))
        with torch.no_grad():
            network(images)
        features = seen[0][0].double().numpy()
        written[name] = {
            "mean": float(features.mean()),
            "deviation": float(features.std()),
            "every_64th": [round(float(value), 6) for value in features[::64]],
        }
    OUTPUT.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
