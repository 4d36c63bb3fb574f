#!/usr/bin/env python3
"""Trains reel-vgg-small, the feature network that reel-style uses when it is given no weights.

    train.py --teacher VGG19.safetensors --pictures FOLDER --out FOLDER [--minutes 9] [--evaluate FOLDER]

A narrow network on VGG-19's plan (its student) learns to see what VGG-19 (its teacher) sees, as far as
style transfer asks for it. README.md beside this file tells the method; in short, for a picture x on
its way from a content picture c to the style of s, the student is to have

  - features that a linear map takes to the principal components of the teacher's, at every layer,
  - differences of Gram matrices (x against s) and of content features (x against c) that equal the
    teacher's under the same maps,
  - above all, the same gradient of the whole loss with respect to the pixels of x: it is what style
    transfer follows, and a pattern that the student cannot see shows in it at once.

The pictures x come from a pool in which style transfer goes on while the student learns, most of it by
the student's own gradients, so that it meets the noise which its own blindness makes.

Training is cut in pieces: a run stops after --minutes and a later one goes on from OUT/state.pt (and
OUT/adam.pt, which may be missing).
Needs PyTorch (1.13 or later), NumPy and Pillow; a GPU for any real size.
"""
import argparse
import copy
import math
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from features import (CONTENT_LAYER, LAYERS, STYLE_LAYERS, TEACHER_WIDTHS, Convolution, Features, gram,
                      judge, load_teacher, per_sample, square, write_safetensors)

STYLE_WEIGHT = 1e4   # reel-style's default, for a content weight of 1
INPUT_SCALE = 1 / 64  # the student's first layer sees numbers of about 1; folded into it when saved


def load_pictures(folder, device):
    """Byte tensors [3, height, width] on the device, by file name."""
    paths = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix in (".jpg", ".png"))
    if not paths:
        raise SystemExit(f"{folder}: expected .jpg or .png pictures, found none")
    return {path.stem: torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)
            .contiguous().to(device) for path in paths}


class Student(torch.nn.Module):
    """The narrow network, and for each layer a map from its channels to the principal components of
    the teacher's: `basis` (orthonormal columns, fixed) holds these, so that distances between mapped
    features, and between mapped Gram matrices, are distances between the teacher's."""

    def __init__(self, widths, pooling, basis, rms):
        super().__init__()
        self.net = Features(widths, pooling, INPUT_SCALE)
        self.maps = torch.nn.ParameterDict()
        for name in LAYERS:
            width = self.net.convs[name].out_channels
            self.maps[name] = torch.nn.Parameter(torch.randn(width, width) / width ** 0.5)
            self.register_buffer("basis_" + name, basis[name], persistent=False)
            self.register_buffer("rms_" + name, rms[name], persistent=False)

    def map(self, name):
        return self.maps[name] * getattr(self, "rms_" + name)

    def features(self, name, feature):
        return F.conv2d(feature, self.map(name)[:, :, None, None])

    def gram(self, name, feature):
        w = self.map(name)
        return w @ gram(feature) @ w.t()

    def project(self, name, feature):
        """The teacher's features in the coordinates of this layer."""
        return F.conv2d(feature, getattr(self, "basis_" + name).t()[:, :, None, None])

    def project_gram(self, name, matrix):
        basis = getattr(self, "basis_" + name)
        return basis.t() @ matrix @ basis

    def export(self):
        """The tensors of the file that reel-style reads, as README.md describes them."""
        tensors = {}
        for name, conv in self.net.convs.items():
            scale = INPUT_SCALE if name == LAYERS[0] else 1.0
            tensors[name + ".weight"] = conv.weight.data * scale
            tensors[name + ".bias"] = conv.bias.data
            w = self.map(name).data
            if name != CONTENT_LAYER:
                # reel-style divides by the square of the number of channels: the student's here.
                w = w * (w.shape[0] / TEACHER_WIDTHS[int(name[4]) - 1]) ** 0.5
            tensors[name + ".tap"] = w
        return tensors


def principal_components(teacher, widths, pictures, device, batches=24):
    """Of the teacher's features at each layer (not centred: Gram matrices are not), and the root
    mean square of one such component."""
    moments = {}
    with torch.no_grad():
        for _ in range(batches):
            x = torch.stack([crop(pictures, 256) for _ in range(8)])
            for name, feature in teacher(x).items():
                moments[name] = moments.get(name, 0) + gram(feature).mean(0).double() / batches
    basis, rms = {}, {}
    for name, moment in moments.items():
        values, vectors = torch.linalg.eigh(moment)
        width = widths[int(name[4]) - 1]
        basis[name] = vectors[:, -width:].flip(1).float()
        rms[name] = (values[-width:].sum() / width).sqrt().float()
        print(f"  {name}: {width} components hold {values[-width:].sum() / values.sum():.4f}")
    return basis, rms


# ---- pictures ------------------------------------------------------------------------------------

def crop(pictures, size, style=False):
    """A random square of a random picture, at a random scale, as Float [3, size, size], 0..255."""
    names = list(pictures)
    picture = pictures[names[torch.randint(len(names), ()).item()]]
    least = min(picture.shape[1:])
    side = int(least * (0.4 + 0.6 * torch.rand(()).item()))
    top = torch.randint(picture.shape[1] - side + 1, ()).item()
    left = torch.randint(picture.shape[2] - side + 1, ()).item()
    x = picture[:, top:top + side, left:left + side].float()[None]
    x = F.interpolate(x, (size, size), mode="bilinear", antialias=True, align_corners=False)[0]
    if torch.rand(()) < 0.5:
        x = x.flip(2)
    if style and torch.rand(()) < 0.5:
        x = x.transpose(1, 2)
    if torch.rand(()) < 0.3:
        x = x[torch.randperm(3, device=x.device)]
    if torch.rand(()) < 0.4:
        contrast = 0.6 + 0.7 * torch.rand(()).item()
        x = (x - x.mean()) * contrast + x.mean() + 40 * (torch.rand(()).item() - 0.5)
    return x.clamp(0, 255)


def blur(x, radius):
    size = 2 * radius + 1
    return F.avg_pool2d(F.pad(x, [radius] * 4, mode="replicate"), size, stride=1)


class Pool:
    """Style transfers that go on while the student learns."""

    def __init__(self, slots, size, pictures, styles, teacher, device):
        self.size, self.pictures, self.styles, self.teacher = size, pictures, styles, teacher
        shape = (slots, 3, size, size)
        self.x, self.m, self.v, self.content, self.style = (
            torch.zeros(shape, device=device) for _ in range(5))
        self.age = torch.zeros(slots, device=device)
        self.life = torch.zeros(slots, device=device)
        self.lr = torch.ones(slots, device=device)
        self.by_teacher = torch.zeros(slots, dtype=torch.bool, device=device)
        side = size // 8
        self.content_target = torch.zeros(slots, 512, side, side, device=device)
        self.grams = {name: torch.zeros(slots, w, w, device=device)
                      for name, w in zip(STYLE_LAYERS, TEACHER_WIDTHS)}
        self.content_weight = torch.zeros(slots, device=device)
        self.style_weight = torch.zeros(slots, len(STYLE_LAYERS), device=device)
        for slot in range(slots):
            self.reset(slot)
            self.life[slot] = 2 + 100 * torch.rand(())  # the first ones end at different times

    @torch.no_grad()
    def reset(self, slot):
        content = crop(self.pictures, self.size)
        style = crop(self.styles if torch.rand(()) < 0.6 else self.pictures, self.size, style=True)
        self.content[slot], self.style[slot] = content, style
        start, r = content, torch.rand(()).item()
        if r < 0.15:
            start = 255 * torch.rand_like(content)
        elif r < 0.3:
            start = blur(content[None], int(torch.randint(1, 6, ())))[0]
        elif r < 0.4:
            start = content + 30 * torch.rand(()).item() * torch.randn_like(content)
        self.x[slot] = start
        self.m[slot] = 0
        self.v[slot] = 0
        self.age[slot] = 0
        self.life[slot] = 20 + 330 * torch.rand(())
        self.lr[slot] = math.exp(math.log(1.0) + math.log(8.0) * torch.rand(()).item())
        self.by_teacher[slot] = torch.rand(()) < 0.25

        features = self.teacher(torch.stack([content, style]))
        target = features[CONTENT_LAYER][0]
        self.content_target[slot] = target
        # reel-style's own weights, or every layer relative to its target as the judge has them.
        default = torch.rand(()) < 0.25
        balance = math.exp(0.7 * torch.randn(()).item())
        self.content_weight[slot] = 0.5 * balance if default else (
            math.exp(-3) * balance / target.square().sum())
        for i, name in enumerate(STYLE_LAYERS):
            g = gram(features[name][1:])[0]
            self.grams[name][slot] = g
            n = g.shape[0]
            self.style_weight[slot, i] = STYLE_WEIGHT / (4 * n * n * len(STYLE_LAYERS)) if default \
                else math.exp(0.7 * torch.randn(()).item()) / len(STYLE_LAYERS) / g.square().sum()

    @torch.no_grad()
    def advance(self, slots, gradient):
        """One step of Adam on the pixels, as reel-style takes."""
        self.age[slots] += 1
        t = self.age[slots].view(-1, 1, 1, 1)
        m = 0.9 * self.m[slots] + 0.1 * gradient
        v = 0.999 * self.v[slots] + 0.001 * gradient.square()
        self.m[slots], self.v[slots] = m, v
        step = m / (1 - 0.9 ** t) / ((v / (1 - 0.999 ** t)).sqrt() + 1e-12)
        # Gradients of either kind of loss have scales of their own; Adam does not mind.
        self.x[slots] -= self.lr[slots].view(-1, 1, 1, 1) * step
        for slot in slots[self.age[slots] >= self.life[slots]].tolist():
            self.reset(slot)


# ---- training ------------------------------------------------------------------------------------

def cosine_loss(a, b):
    return 1 - F.cosine_similarity(a.flatten(1), b.flatten(1), eps=1e-20)


def unit_scale(g):
    """Keeps what follows within float's range whatever the loss was scaled with."""
    return g / (g.detach().flatten(1).square().mean(1).sqrt().view(-1, 1, 1, 1) + 1e-30)


def teacher_side(pool, slots, x):
    """The teacher's features, its Gram differences and the gradient of its loss."""
    x = x.detach().requires_grad_()
    features = pool.teacher(x)
    loss = pool.content_weight[slots] * per_sample(
        (features[CONTENT_LAYER] - pool.content_target[slots]).square())
    differences = {}
    for i, name in enumerate(STYLE_LAYERS):
        differences[name] = gram(features[name]) - pool.grams[name][slots]
        loss = loss + pool.style_weight[slots, i] * per_sample(differences[name].square())
    Convolution.for_pixels = True
    gradient, = torch.autograd.grad(loss.sum(), x)
    Convolution.for_pixels = False
    return ({name: f.detach() for name, f in features.items()},
            {name: d.detach() for name, d in differences.items()}, gradient)


def student_side(student, pool, slots, x):
    x = x.detach().requires_grad_()
    features = student.net(x)
    of_content = student.features(CONTENT_LAYER, student.net(pool.content[slots], CONTENT_LAYER)
                                  [CONTENT_LAYER])
    of_style = student.net(pool.style[slots])
    content = student.features(CONTENT_LAYER, features[CONTENT_LAYER]) - of_content
    loss = pool.content_weight[slots] * per_sample(content.square())
    differences = {}
    for i, name in enumerate(STYLE_LAYERS):
        differences[name] = student.gram(name, features[name]) - student.gram(name, of_style[name])
        loss = loss + pool.style_weight[slots, i] * per_sample(differences[name].square())
    Convolution.for_pixels = True
    gradient, = torch.autograd.grad(loss.sum(), x, create_graph=True)
    Convolution.for_pixels = False
    return features, content, differences, gradient


def losses_of(student, pool, slots, x):
    t_features, t_differences, t_gradient = teacher_side(pool, slots, x)
    features, content, differences, gradient = student_side(student, pool, slots, x)

    t = unit_scale(t_gradient)
    s = unit_scale(gradient)
    # Adam moves every pixel alike, however small its gradients are: quiet areas count as much.
    local = blur(t.square().mean(1, keepdim=True), 4).sqrt() + 0.05
    losses = {"gradient": 0.35 * cosine_loss(s, t).mean() +
              0.65 * cosine_loss(s / local, t / local).mean()}

    feature = 0
    for name in LAYERS:
        target = student.project(name, t_features[name])
        feature = feature + ((student.features(name, features[name]) - target).square().mean() /
                             target.square().mean()) / len(LAYERS)
    losses["feature"] = feature

    for name in STYLE_LAYERS:
        target = student.project_gram(name, t_differences[name])
        scale = per_sample(target.square()) + 1e-3 * per_sample(pool.grams[name][slots].square())
        losses[name] = (per_sample((differences[name] - target).square()) / scale) \
            .clamp(max=20).mean()

    target = student.project(CONTENT_LAYER, t_features[CONTENT_LAYER] - pool.content_target[slots])
    scale = per_sample(target.square()) + 1e-3 * per_sample(pool.content_target[slots].square())
    losses["content"] = (per_sample((content - target).square()) / scale).clamp(max=20).mean()
    return losses, t_gradient, gradient.detach()


WEIGHTS = {"gradient": 2.0, "feature": 0.5, "content": 0.3, **dict.fromkeys(STYLE_LAYERS, 0.1)}


WARM_UP = 300  # steps, whenever Adam has no moments yet


def learning_rate(options, step, first):
    warm = min(1.0, (step - first + 1) / WARM_UP)
    progress = min(1.0, step / options.steps)
    return options.lr * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(options, device):
    start = time.time()
    teacher = load_teacher(options.teacher, device)
    pictures = load_pictures(pathlib.Path(options.pictures) / "train", device)
    styles = {n: p for n, p in pictures.items() if n.startswith(tuple(options.style_names))} \
        or pictures
    print(f"{len(pictures)} pictures, {len(styles)} of them favoured as styles")
    state_path, adam_path = options.out / "state.pt", options.out / "adam.pt"
    state = torch.load(state_path, map_location=device) if state_path.exists() else None
    if state:
        basis, rms = state["basis"], state["rms"]
    else:
        basis, rms = principal_components(teacher, options.widths, pictures, device)
    student = Student(options.widths, options.pooling, basis, rms).to(device)
    student = student.to(memory_format=torch.channels_last)
    parameters = [p for p in student.parameters()]
    adam = torch.optim.Adam(parameters, lr=options.lr, betas=(0.9, 0.99))
    step = 0
    average = copy.deepcopy(student).requires_grad_(False)
    if state:
        student.load_state_dict(state["student"])
        average.load_state_dict(state["average"])
        step = state["step"]
    first = step
    if state and adam_path.exists():
        adam.load_state_dict(torch.load(adam_path, map_location=device))
        first = -WARM_UP
    pool = Pool(options.slots, options.crop, pictures, styles, teacher, device)
    print(f"ready after {time.time() - start:.0f} s; {sum(p.numel() for p in parameters)} parameters")

    sums, reported = {}, step
    while step < options.steps and time.time() - start < 60 * options.minutes:
        for group in adam.param_groups:
            group["lr"] = learning_rate(options, step, first)
        slots = torch.randperm(options.slots, device=device)[:options.batch]
        x = pool.x[slots]
        noise = torch.rand(len(slots), 1, 1, 1, device=device)
        x = x + torch.randn_like(x) * torch.where(noise < 0.25, 40 * noise, torch.zeros_like(noise))
        losses, t_gradient, gradient = losses_of(student, pool, slots, x)
        total = sum(WEIGHTS[name] * loss for name, loss in losses.items())
        adam.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        step += 1
        with torch.no_grad():
            decay = min(0.999, (1 + step) / (20 + step))
            for a, p in zip(average.parameters(), parameters):
                a.lerp_(p, 1 - decay)
        pool.advance(slots, torch.where(pool.by_teacher[slots].view(-1, 1, 1, 1),
                                        t_gradient, gradient))
        for name, loss in losses.items():
            sums[name] = sums.get(name, 0) + loss.detach()
        if step - reported == options.report:
            values = "  ".join(f"{name} {value.item() / options.report:.4f}"
                               for name, value in sums.items())
            print(f"step {step}  {time.time() - start:.0f} s  {values}", flush=True)
            sums, reported = {}, step
    print(f"stopped at step {step} of {options.steps}")
    torch.save({"step": step, "student": student.state_dict(), "average": average.state_dict(),
                "basis": basis, "rms": rms}, state_path)
    torch.save(adam.state_dict(), adam_path)
    return teacher, average, step


def metadata(options, step):
    return {
        "name": "reel-vgg-small",
        "input": "BGR, 0..255, minus 103.939,116.779,123.68",
        "pooling": options.pooling,
        "recipe": f"apps/style_transfer/train_features: widths "
                  f"{','.join(map(str, options.widths))}, {step} steps of {options.batch} pictures "
                  f"of {options.crop} x {options.crop} pixels",
        "data": "freely licensed pictures of Debian 12's packages (pictures.py lists them), three "
                "paintings in the public domain, scikit-learn's china.jpg (CC BY 2.0), styles painted by reel-paint; none is contained",
        "licence": "that of reel (BSD 3-Clause); trained to answer as VGG-19 does, whose weights by "
                   "K. Simonyan and A. Zisserman are under CC BY 4.0",
    }


# ---- evaluation ----------------------------------------------------------------------------------

def transfer(features, mapped, content, style, steps, lr=2.0):
    """reel-style's run, of a batch of pictures at once; `mapped(name, feature)` -> what is compared,
    `mapped` of a Gram matrix likewise."""
    to_features, to_gram, widths = mapped
    with torch.no_grad():
        target = to_features(features(content)[CONTENT_LAYER])
        grams = {n: to_gram(n, gram(f)) for n, f in features(style).items() if n in STYLE_LAYERS}
    x = content.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=lr)
    for _ in range(steps):
        f = features(x)
        loss = 0.5 * (to_features(f[CONTENT_LAYER]) - target).square().sum()
        for name, width in zip(STYLE_LAYERS, widths):
            loss = loss + STYLE_WEIGHT / (4 * width ** 2 * 5) * \
                (to_gram(name, gram(f[name])) - grams[name]).square().sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return x.detach().clamp(0, 255).round()


def small_runner(options, tensors, device):
    """What `transfer` needs to run with the tensors of a file."""
    tensors = {n: t.half().float() for n, t in tensors.items()}
    net = Features(options.widths, options.pooling).to(device)
    for name, conv in net.convs.items():
        conv.weight.data.copy_(tensors[name + ".weight"])
        conv.bias.data.copy_(tensors[name + ".bias"])
    net = net.requires_grad_(False).to(memory_format=torch.channels_last)
    taps = {name: tensors[name + ".tap"] for name in LAYERS}
    return net, (lambda f: F.conv2d(f, taps[CONTENT_LAYER][:, :, None, None]),
                 lambda n, g: taps[n] @ g @ taps[n].t(), options.widths)


VGG_RUNNER = (lambda f: f, lambda n, g: g, TEACHER_WIDTHS)


def evaluate(options, teacher, tensors, device):
    contents = load_pictures(pathlib.Path(options.evaluate) / "content", device)
    styles = load_pictures(pathlib.Path(options.evaluate) / "style", device)
    size = options.evaluate_size
    pairs = [(c, s) for c in contents for s in styles]
    content = torch.cat([square(contents[c], size) for c, _ in pairs])
    style = torch.cat([square(styles[s], size) for _, s in pairs])

    torch.manual_seed(7)
    random_net = Features(options.widths, options.pooling).to(device)
    with torch.no_grad():  # the same balance of content and styles as the teacher has
        tf, rf = teacher(content), random_net(content)
        scale = {n: (tf[n].square().sum() / rf[n].square().sum()) ** 0.5 for n in LAYERS}
        gscale = {n: (gram(tf[n]).square().sum() / gram(rf[n]).square().sum()) ** 0.5 *
                  w / t for n, w, t in zip(STYLE_LAYERS, options.widths, TEACHER_WIDTHS)}
    runs = {
        "vgg19": (teacher, VGG_RUNNER),
        "small": small_runner(options, tensors, device),
        "random": (random_net, (lambda f: scale[CONTENT_LAYER] * f, lambda n, g: gscale[n] * g,
                                options.widths)),
    }
    results, sheet = {}, [content, style]
    for name, (network, mapped) in runs.items():
        network.requires_grad_(False)
        x = transfer(network, mapped, content, style, options.evaluate_steps)
        c, layers = judge(teacher, x, content, style)
        results[name] = (c, layers.mean(0))
        sheet.append(x)
        print(f"{name:7s} content {c.mean():.4f}  style {layers.mean():.5f}  layers " +
              " ".join(f"{v:.5f}" for v in layers.mean(1)))
    a, b, c = (results[n][1] for n in ("vgg19", "small", "random"))
    for i, (pc, ps) in enumerate(pairs):
        print(f"  {pc} x {ps}: style {a[i]:.5f} {b[i]:.5f} {c[i]:.5f} closes "
              f"{(c[i] - b[i]) / (c[i] - a[i]):.3f}; content " +
              " ".join(f"{results[n][0][i]:.4f}" for n in results))
    print(f"closes {((c - b) / (c - a)).mean():.3f} of the style distance on average, "
          f"{((c.mean() - b.mean()) / (c.mean() - a.mean())):.3f} of the average distance")
    rows = torch.cat([torch.cat(list(row), 2) for row in zip(*sheet)], 1)
    Image.fromarray(rows.byte().permute(1, 2, 0).cpu().numpy()).save(
        options.out / "evaluation.jpg", quality=90)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--steps", type=int, default=40000)
    parser.add_argument("--widths", type=lambda s: [int(v) for v in s.split(",")],
                        default=[32, 64, 96, 128, 128])
    parser.add_argument("--pooling", choices=["max", "avg"], default="max")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--slots", type=int, default=128)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--report", type=int, default=200)
    parser.add_argument("--style-names", nargs="*",
                        default=["paint", "strokes", "propaganda", "mosaic"],
                        help="beginnings of the names of pictures favoured as styles")
    parser.add_argument("--evaluate", help="folder with content/ and style/ pictures")
    parser.add_argument("--evaluate-size", type=int, default=384)
    parser.add_argument("--evaluate-steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    teacher, student, step = train(options, device)
    tensors = student.export()
    write_safetensors(options.out / "reel-vgg-small.safetensors", tensors, metadata(options, step))
    if options.evaluate:
        evaluate(options, teacher, tensors, device)


if __name__ == "__main__":
    main()
