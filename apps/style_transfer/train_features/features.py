"""Networks on VGG-19's plan, the files they lie in, and VGG-19's verdict on a style transfer."""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

CONVOLUTIONS = [2, 2, 4, 4, 1]  # of each block: VGG-19 to conv5_1
LAYERS = [f"conv{b + 1}_{i + 1}" for b, n in enumerate(CONVOLUTIONS) for i in range(n)]
STYLE_LAYERS = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]
CONTENT_LAYER = "conv4_2"
TEACHER_WIDTHS = [64, 128, 256, 512, 512]
MEAN_BGR = (103.939, 116.779, 123.68)


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    types = {"F16": np.float16, "F32": np.float32}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            array = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(array.astype(np.float32))
    return tensors


def read_metadata(path):
    with open(path, "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))["__metadata__"]


def write_safetensors(path, tensors, metadata):
    """All tensors as F16."""
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().cpu().numpy().astype(np.float16).tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


class Convolution(torch.autograd.Function):
    """3x3 convolution whose input gradient is itself an ordinary, differentiable convolution.

    PyTorch differentiates a convolution's gradient with respect to the weight by a convolution with
    kernels as large as the picture, which takes five times as long as all the rest of a step."""

    for_pixels = False  # while the gradient of pixels is taken: that of weights is not wanted then

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=1)

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        x_gradient = F.conv_transpose2d(gradient, weight, padding=1)
        if Convolution.for_pixels or not ctx.needs_input_grad[1]:
            return x_gradient, None, None
        # Of first order only: nothing differentiates this once more.
        _, weight_gradient, bias_gradient = torch.ops.aten.convolution_backward(
            gradient.detach(), x.detach(), weight.detach(), [weight.shape[0]], [1, 1], [1, 1],
            [1, 1], False, [0, 0], 1, [False, True, True])
        return x_gradient, weight_gradient, bias_gradient


class Features(torch.nn.Module):
    """VGG-19's convolutions to conv5_1 with any widths. Pictures are RGB, 0..255."""

    def __init__(self, widths, pooling="max", scale=1.0):
        super().__init__()
        self.pooling, self.scale, self.widths = pooling, scale, list(widths)
        self.convs = torch.nn.ModuleDict()
        channels = 3
        for width, count, block in zip(widths, CONVOLUTIONS, range(1, 6)):
            for i in range(count):
                conv = torch.nn.Conv2d(channels, width, 3, padding=1)
                torch.nn.init.kaiming_normal_(conv.weight)
                torch.nn.init.zeros_(conv.bias)
                self.convs[f"conv{block}_{i + 1}"] = conv
                channels = width
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(1, 3, 1, 1))

    def forward(self, picture, last="conv5_1"):
        x = (picture.flip(1) - self.mean) * self.scale
        x = x.contiguous(memory_format=torch.channels_last)
        features, block = {}, "1"
        for name, conv in self.convs.items():
            if name[4] != block:
                block = name[4]
                x = F.max_pool2d(x, 2) if self.pooling == "max" else F.avg_pool2d(x, 2)
            x = F.relu(Convolution.apply(x, conv.weight, conv.bias))
            features[name] = x
            if name == last:
                break
        return features


def load_teacher(path, device):
    tensors = read_safetensors(path)
    teacher = Features(TEACHER_WIDTHS)
    for name, conv in teacher.convs.items():
        conv.weight.data.copy_(tensors[name + ".weight"])
        conv.bias.data.copy_(tensors[name + ".bias"])
    teacher.requires_grad_(False)
    return teacher.to(device).to(memory_format=torch.channels_last)


def gram(feature):
    """[N, C, C]: products of the channels, averaged over the places."""
    f = feature.permute(0, 2, 3, 1).flatten(1, 2)  # as it lies in memory, channels last
    return f.transpose(1, 2) @ f / f.shape[1]


def per_sample(x):
    return x.flatten(1).sum(1)


def square(picture, size):
    side = min(picture.shape[1:])
    top, left = ((extent - side) // 2 for extent in picture.shape[1:])
    x = picture[None, :, top:top + side, left:left + side].float()
    return F.interpolate(x, (size, size), mode="bilinear", antialias=True, align_corners=False)


def judge(teacher, x, content, style):
    """VGG-19's losses, each layer's relative to its target: content and style of each picture."""
    with torch.no_grad():
        f, fc, fs = teacher(x), teacher(content), teacher(style)
        relative = lambda a, b: per_sample((a - b).square()) / per_sample(b.square())
        layers = torch.stack([relative(gram(f[n]), gram(fs[n])) for n in STYLE_LAYERS])
        return relative(f[CONTENT_LAYER], fc[CONTENT_LAYER]), layers
