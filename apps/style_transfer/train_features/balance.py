#!/usr/bin/env python3
"""Weighs the losses of a feature network's layers against each other, after train.py.

    balance.py --network IN.safetensors --teacher VGG19.safetensors --pictures FOLDER
               --program build/release/bin/reel-style --out OUT.safetensors

A style transfer minimises what the network sees, and is judged by what VGG-19 sees. How strongly each
layer counts decides how near the one comes to the other, so these six numbers (five styles and the
content) are fitted as well: reel-style is run on pairs of training pictures, and one number after the
other is raised or lowered while that reduces VGG-19's style distance at 5 % less content loss than
VGG-19 leaves itself. They go into the "<layer>.tap" matrices. Needs PyTorch, NumPy and Pillow; no GPU.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
from PIL import Image

import features

LAYERS = features.STYLE_LAYERS + [features.CONTENT_LAYER]


def weighed(tensors, balance):
    result = dict(tensors)
    for layer, factor in balance.items():
        # Content losses are quadratic in the features, style losses of fourth order.
        power = 0.5 if layer == features.CONTENT_LAYER else 0.25
        result[layer + ".tap"] = tensors[layer + ".tap"] * factor ** power
    return result


def to_tensor(path):
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None].float()


def pairs_of(options, work):
    """Content and style files of the pairs: squares of training pictures, chosen by the seed."""
    names = sorted(pathlib.Path(options.pictures, "train").glob("*.jpg"))
    styles = [p for p in names if p.name.startswith(tuple(options.style_names))]
    contents = [p for p in names if p not in styles]
    random = np.random.default_rng(options.seed)
    pairs = []
    for i in range(options.pairs):
        pair = []
        for kind, files in (("content", contents), ("style", styles)):
            path = work / f"{kind}{i}.png"
            picture = torch.from_numpy(np.array(Image.open(random.choice(files)).convert("RGB")))
            square = features.square(picture.permute(2, 0, 1), options.size)[0]
            Image.fromarray(square.round().byte().permute(1, 2, 0).numpy()).save(path)
            pair.append(path)
        pairs.append(pair)
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("network", "teacher", "pictures", "program", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--factors", type=float, nargs="+", default=[4.0, 2.0, 1.4])
    parser.add_argument("--style-names", nargs="+", default=["paintings", "painted"])
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    teacher = features.load_teacher(options.teacher, torch.device("cpu"))
    tensors = features.read_safetensors(options.network)
    metadata = features.read_metadata(options.network)

    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        pairs = pairs_of(options, work)

        def verdict(weights, pool):
            """VGG-19's content and style losses, means over the pairs, and style by layer."""
            contents, layers = [], []
            for content, style in pairs:
                subprocess.run([options.program, "--content", content, "--style", style, "--weights",
                                weights, "--pool", pool, "--size", str(options.size), "--steps",
                                str(options.steps), "--out", work / "result.png", "--quiet"],
                               check=True)
                c, s = features.judge(teacher, *map(to_tensor, (work / "result.png", content, style)))
                contents.append(c.item())
                layers.append(s[:, 0])
            return np.mean(contents), torch.stack(layers).mean(0)

        content, layers = verdict(options.teacher, "max")
        allowed = 0.95 * content
        print(f"VGG-19: content {content:.4f}  style {layers.mean():.4f}  layers {layers.tolist()}")

        def cost(balance):
            path = work / "trial.safetensors"
            features.write_safetensors(path, weighed(tensors, balance), metadata)
            content, layers = verdict(path, metadata["pooling"])
            style = layers.mean().item()
            total = style * (1 + 4 * max(0.0, content / allowed - 1))
            print(f"content {content:.4f}  style {style:.4f}  cost {total:.4f}  layers " +
                  " ".join(f"{v:.4f}" for v in layers) + "  " +
                  " ".join(f"{v:.3g}" for v in balance.values()), flush=True)
            return total

        balance = dict.fromkeys(LAYERS, 1.0)
        best = cost(balance)
        for factor in options.factors:
            for layer in LAYERS:
                for by in (factor, 1 / factor):
                    trial = dict(balance, **{layer: balance[layer] * by})
                    result = cost(trial)
                    if result < best:
                        balance, best = trial, result
                        break
    metadata["balance"] = json.dumps(balance)
    features.write_safetensors(options.out, weighed(tensors, balance), metadata)
    print(f"cost {best:.4f} with {balance}")


if __name__ == "__main__":
    main()
