#!/usr/bin/env python3
"""Glyphs: the bundled sample model and data of OnnxCompress.

What is drawn
    28x28 grey images of 20 capital letters.  Every letter is a handful of
    lines and arcs written down in this file (no font, no third-party data).
    Each image is drawn with its own rotation, shear, scale, shift, jitter of
    the stroke's points, stroke width and blur; on a sloped background, with
    pieces of other glyphs entering at the border, stray lines, either polarity
    (light on dark or dark on light), varying contrast and noise.

Why
    The sample must be small enough to ship and quick enough for CI, learnable
    (a trained network is right on nearly all unseen images), and hard enough
    that cutting half of the network's multiply-accumulates by filter norm,
    without correcting the remaining weights, clearly breaks it.  The last part
    is measured at the end of the run.

Model
    A small ResNet: 3x3 stem (16 @ 28x28), stage1 (32 @ 14x14, two blocks),
    stage2 (64 @ 7x7, two blocks), stage3 (96 @ 4x4, one block), global average
    pool, linear.  A block is two 3x3 convolutions; where it changes resolution
    the shortcut is a 1x1 convolution of stride 2.  BatchNorm is folded into
    the convolutions before export.

Usage
    apt-get install python3-torch python3-onnx python3-numpy
    /usr/bin/python3 samples/Glyphs/train.py --out samples/Glyphs

    --epochs 5 --train-images 16000 gives a weaker model (98.1%) in two minutes.

Files written
    glyphs.onnx        input `image` float32 [batch,1,28,28], pixels x/255;
                       output `logits` float32 [batch,20]
    calibration.npy    uint8 [1000,1,28,28], from the training distribution
    test.npy           uint8 [1500,1,28,28], never used in training
    test_labels.npy    int64 [1500]
    classes.txt        one class name per line
    images/            the first ten test images as PNG, INDEX_CLASS.png

The data is a function of the seed alone.  The weights are too, for the same
build of PyTorch, the same kind of processor and the same number of threads.
"""
import argparse
import copy
import math
import os
import struct
import time
import zlib

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn as nn
import torch.nn.functional as F

SIZE = 28
OPSET = 13


# ---------------------------------------------------------------- the glyphs

def arc(cx, cy, rx, ry, start, end, steps=9):
    """Points on an ellipse; degrees, 0 = right, 90 = down."""
    angles = np.radians(np.linspace(start, end, steps))
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


# A glyph is a list of polylines in a unit box, x to the right and y down.
GLYPHS = {
    "A": [[(0.0, 1.0), (0.5, 0.0), (1.0, 1.0)], [(0.2, 0.62), (0.8, 0.62)]],
    "B": [[(0.08, 0.0), (0.08, 1.0)],
          [(0.08, 0.0)] + arc(0.5, 0.24, 0.36, 0.24, -90, 90) + [(0.08, 0.48)],
          [(0.5, 0.48)] + arc(0.5, 0.74, 0.42, 0.26, -90, 90) + [(0.08, 1.0)]],
    "C": [arc(0.52, 0.5, 0.46, 0.5, -48, -312, 13)],
    "E": [[(0.92, 0.0), (0.1, 0.0), (0.1, 1.0), (0.92, 1.0)],
          [(0.1, 0.5), (0.75, 0.5)]],
    "F": [[(0.92, 0.0), (0.1, 0.0), (0.1, 1.0)], [(0.1, 0.48), (0.75, 0.48)]],
    "G": [arc(0.5, 0.5, 0.46, 0.5, -48, -330, 13) + [(0.9, 0.55), (0.55, 0.55)]],
    "H": [[(0.08, 0.0), (0.08, 1.0)], [(0.92, 0.0), (0.92, 1.0)],
          [(0.08, 0.5), (0.92, 0.5)]],
    "J": [[(0.35, 0.0), (0.95, 0.0)],
          [(0.7, 0.0), (0.7, 0.68)] + arc(0.38, 0.7, 0.32, 0.3, 0, 170)],
    "K": [[(0.1, 0.0), (0.1, 1.0)], [(0.9, 0.0), (0.1, 0.55)],
          [(0.35, 0.4), (0.95, 1.0)]],
    "M": [[(0.0, 1.0), (0.05, 0.0), (0.5, 0.65), (0.95, 0.0), (1.0, 1.0)]],
    "N": [[(0.08, 1.0), (0.08, 0.0), (0.92, 1.0), (0.92, 0.0)]],
    "P": [[(0.1, 1.0), (0.1, 0.0)] + arc(0.52, 0.27, 0.4, 0.27, -90, 90)
          + [(0.1, 0.54)]],
    "R": [[(0.1, 1.0), (0.1, 0.0)] + arc(0.5, 0.26, 0.38, 0.26, -90, 90)
          + [(0.1, 0.52)], [(0.45, 0.52), (0.95, 1.0)]],
    "S": [arc(0.5, 0.26, 0.4, 0.26, -30, -270, 10)
          + arc(0.5, 0.76, 0.42, 0.24, -90, 150, 10)],
    "T": [[(0.0, 0.0), (1.0, 0.0)], [(0.5, 0.0), (0.5, 1.0)]],
    "V": [[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]],
    "W": [[(0.0, 0.0), (0.2, 1.0), (0.5, 0.3), (0.8, 1.0), (1.0, 0.0)]],
    "X": [[(0.05, 0.0), (0.95, 1.0)], [(0.95, 0.0), (0.05, 1.0)]],
    "Y": [[(0.0, 0.0), (0.5, 0.48), (1.0, 0.0)], [(0.5, 0.48), (0.5, 1.0)]],
    "Z": [[(0.05, 0.0), (0.95, 0.0), (0.05, 1.0), (0.95, 1.0)]],
}
CLASSES = sorted(GLYPHS)


# ---------------------------------------------------------------- the images

PIXELS = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="xy"), -1)
PIXELS = PIXELS.reshape(-1, 1, 2).astype(np.float32) + 0.5


def glyph_segments(name, rng, centre, size, angle, jitter):
    """The glyph's line segments, in pixels, as an array [n,2,2] (ends, x and y)."""
    c, s = math.cos(angle), math.sin(angle)
    shear, aspect = rng.uniform(-0.35, 0.35), rng.uniform(0.6, 1.1)
    matrix = np.array([[c, -s], [s, c]]) @ np.array([[aspect, shear], [0.0, 1.0]]) * size
    parts = []
    for line in GLYPHS[name]:
        points = np.array(line) - 0.5
        # both ends of a line are moved at random; the points between follow
        points = points + np.linspace(rng.normal(0, jitter, 2), rng.normal(0, jitter, 2), len(points))
        points = points @ matrix.T + centre
        parts.append(np.stack([points[:-1], points[1:]], 1))
    return np.concatenate(parts)


def draw(segments, width):
    """Ink in [0,1] per pixel: the distance to the nearest segment, softly cut."""
    a, b = segments[:, 0].astype(np.float32), segments[:, 1].astype(np.float32)
    ab = b - a
    t = ((PIXELS - a) * ab).sum(-1) / np.maximum((ab * ab).sum(-1), 1e-6)
    away = PIXELS - a - np.clip(t, 0, 1)[..., None] * ab
    distance = np.sqrt((away * away).sum(-1).min(1))
    return np.clip(width / 2 - distance + 0.5, 0, 1).reshape(SIZE, SIZE)


def blur(image, sigma):
    taps = np.exp(-0.5 * (np.arange(-2, 3) / sigma) ** 2)
    taps /= taps.sum()
    for axis in (0, 1):
        padded = np.pad(image, [(2, 2) if i == axis else (0, 0) for i in (0, 1)], mode="edge")
        image = sum(w * np.take(padded, range(i, i + SIZE), axis) for i, w in enumerate(taps))
    return image


def render(name, rng):
    """One uint8 image [28,28] of the named glyph."""
    size = rng.uniform(11.5, 19.5)
    centre = SIZE / 2 + rng.uniform(-3.5, 3.5, 2)
    segments = glyph_segments(name, rng, centre, size, rng.normal(0, math.radians(16)), 0.045)
    ink = draw(segments, rng.uniform(1.2, 3.2))

    # pieces of other glyphs, centred outside a circle around the middle
    for _ in range(rng.integers(0, 4)):
        where = rng.uniform(0, 2 * math.pi)
        radius = rng.uniform(16.0, 20.0)
        other = glyph_segments(
            CLASSES[rng.integers(len(CLASSES))], rng,
            SIZE / 2 + radius * np.array([math.cos(where), math.sin(where)]),
            rng.uniform(11, 17), rng.uniform(-math.pi, math.pi), 0.03)
        ink = np.maximum(ink, rng.uniform(0.5, 1.0) * draw(other, rng.uniform(1.2, 3.0)))

    # short stray lines anywhere, fainter than the glyph
    for _ in range(rng.integers(0, 5)):
        start = rng.uniform(0, SIZE, 2)
        turn, length = rng.uniform(0, 2 * math.pi), rng.uniform(3, 10)
        end = start + length * np.array([math.cos(turn), math.sin(turn)])
        ink = np.maximum(ink, rng.uniform(0.4, 0.9) * draw(np.array([[start, end]]), rng.uniform(0.8, 1.8)))

    ink = blur(ink, rng.uniform(0.3, 0.9))

    # background with a slope, ink of a contrast, then one of two polarities
    slope = rng.uniform(-0.006, 0.006, 2)
    ramp = (PIXELS[:, 0] - SIZE / 2) @ slope
    image = rng.uniform(0.05, 0.35) + ramp.reshape(SIZE, SIZE) + rng.uniform(0.25, 0.65) * ink
    if rng.random() < 0.5:
        image = 1.0 - image
    image = image + rng.normal(0, rng.uniform(0.02, 0.12), image.shape)
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


def dataset(count, seed):
    """Images uint8 [count,1,28,28] and labels int64 [count], classes balanced."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(CLASSES)).astype(np.int64)
    images = np.stack([render(CLASSES[k], rng) for k in labels])
    return images[:, None], labels


# ----------------------------------------------------------------- the model

class ConvBn(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(self.conv(x))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = ConvBn(inputs, outputs, 3, stride)
        self.conv2 = ConvBn(outputs, outputs, 3)
        self.shortcut = ConvBn(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else None

    def forward(self, x):
        skip = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.conv2(F.relu(self.conv1(x))) + skip)


def stage(inputs, outputs, blocks):
    made = nn.Sequential()
    for i in range(blocks):
        made.add_module(f"block{i + 1}", Block(inputs if i == 0 else outputs, outputs, 2 if i == 0 else 1))
    return made


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvBn(1, 16, 3)
        self.stage1 = stage(16, 32, 2)
        self.stage2 = stage(32, 64, 2)
        self.stage3 = stage(64, 96, 1)
        self.head = nn.Linear(96, len(CLASSES))

    def forward(self, x):
        x = self.stage3(self.stage2(self.stage1(F.relu(self.stem(x)))))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def as_input(images):
    return torch.from_numpy(images).float() / 255


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        guesses = torch.cat([model(as_input(images[i:i + 250])).argmax(1) for i in range(0, len(images), 250)])
    return (guesses.numpy() == labels).mean()


def shifted(batch, generator):
    """A cheap augmentation: the whole batch moved by up to one pixel, perhaps inverted."""
    dy, dx, flip = torch.randint(0, 3, (3,), generator=generator).tolist()
    batch = F.pad(batch, (1, 1, 1, 1), mode="replicate")[:, :, dy:dy + SIZE, dx:dx + SIZE]
    return 1 - batch if flip == 0 else batch


def train(model, images, labels, epochs, seed, test):
    generator = torch.Generator().manual_seed(seed)
    size = 128
    steps = len(images) // size
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=6e-3, epochs=epochs, steps_per_epoch=steps, pct_start=0.25)
    targets = torch.from_numpy(labels)
    for epoch in range(epochs):
        model.train()
        began, total = time.time(), 0.0
        order = torch.randperm(len(images), generator=generator)
        for step in range(steps):
            pick = order[step * size:(step + 1) * size]
            batch = shifted(as_input(images[pick.numpy()]), generator)
            loss = F.cross_entropy(model(batch), targets[pick], label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}, "
              f"test accuracy {accuracy(model, *test):.4f}, {time.time() - began:.0f} s", flush=True)


def folded(model):
    """A copy whose BatchNorms are merged into their convolutions."""
    model = copy.deepcopy(model).eval()
    for module in model.modules():
        if isinstance(module, ConvBn):
            module.conv = nn.utils.fusion.fuse_conv_bn_eval(module.conv, module.bn)
            module.bn = nn.Identity()
    return model


# ------------------------------------------- how much a plain prune would hurt

def macs(model):
    """Multiply-accumulates per image."""
    count = 0

    def hook(layer, _, output):
        nonlocal count
        positions = output.shape[2] * output.shape[3] if output.dim() == 4 else 1
        count += layer.weight.numel() * positions

    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    handles = [layer.register_forward_hook(hook) for layer in layers]
    with torch.no_grad():
        model(torch.zeros(1, 1, SIZE, SIZE))
    for handle in handles:
        handle.remove()
    return count


def pruned(model, keep):
    """A copy that keeps the share `keep` of each block's inner channels, by L2 norm, nothing corrected."""
    model = copy.deepcopy(model)
    for block in model.modules():
        if isinstance(block, Block):
            first, second = block.conv1.conv, block.conv2.conv
            norms = first.weight.data.flatten(1).norm(dim=1)
            stay = norms.argsort(descending=True)[:max(1, round(keep * len(norms)))].sort().values
            first.weight = nn.Parameter(first.weight.data[stay])
            first.bias = nn.Parameter(first.bias.data[stay])
            second.weight = nn.Parameter(second.weight.data[:, stay])
    return model


# ---------------------------------------------------------------- the outputs

def export(model, path):
    """Write the folded model as ONNX with readable names and nothing about the machine."""
    torch.onnx.export(
        model, torch.zeros(2, 1, SIZE, SIZE), path, opset_version=OPSET,
        input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
    graph_model = onnx.load(path)
    graph = graph_model.graph

    # torch numbers what it exports; the order of modules is known, so name by it
    convs = ["stem"]
    for stage_name, module in model.named_children():
        for block_name, block in module.named_children() if stage_name.startswith("stage") else []:
            prefix = f"{stage_name}/{block_name}"
            convs += ([f"{prefix}/shortcut"] if block.shortcut is not None else [])
            convs += [f"{prefix}/conv1", f"{prefix}/conv2"]
    convs = iter(convs)
    renamed, scope = {}, ""
    for node in graph.node:
        if node.op_type == "Conv":
            scope = next(convs)
            where = scope
        elif node.op_type == "Relu" and scope.endswith("conv2"):
            where = scope.rsplit("/", 1)[0]
        elif node.op_type == "Add":
            where = scope.rsplit("/", 1)[0]
        elif node.op_type == "Relu":
            where = scope
        else:
            where = "head"
        node.name = f"{where}/{node.op_type}"
        if node.op_type in ("Conv", "Gemm"):
            renamed[node.input[1]] = f"{where}/weight"
            renamed[node.input[2]] = f"{where}/bias"
        if node.output[0] != "logits":
            renamed[node.output[0]] = f"{node.name}_output"
    for node in graph.node:
        node.input[:] = [renamed.get(n, n) for n in node.input]
        node.output[:] = [renamed.get(n, n) for n in node.output]
        node.doc_string = ""
    for tensor in graph.initializer:
        tensor.name = renamed.get(tensor.name, tensor.name)
        tensor.doc_string = ""
    graph.name = "glyphs"
    graph.doc_string = graph_model.doc_string = ""
    del graph.value_info[:]
    names = [node.name for node in graph.node]
    assert len(set(names)) == len(names)
    graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(graph_model, full_check=True)
    onnx.save(graph_model, path)


def run_onnx(path, x):
    """Evaluate the written file, node by node, with torch's functions."""
    model = onnx.load(path)
    values = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
    values["image"] = x
    for node in model.graph.node:
        a = {p.name: onnx.helper.get_attribute_value(p) for p in node.attribute}
        v = [values[name] for name in node.input]
        if node.op_type == "Conv":
            y = F.conv2d(v[0], v[1], v[2], stride=a["strides"], padding=a["pads"][:2])
        elif node.op_type == "Relu":
            y = F.relu(v[0])
        elif node.op_type == "Add":
            y = v[0] + v[1]
        elif node.op_type == "GlobalAveragePool":
            y = v[0].mean((2, 3), keepdim=True)
        elif node.op_type == "Flatten":
            y = v[0].flatten(a.get("axis", 1))
        elif node.op_type == "Gemm":
            y = F.linear(v[0], v[1] if a["transB"] else v[1].T, v[2])
        else:
            raise ValueError(node.op_type)
        values[node.output[0]] = y
    return values["logits"]


def write_png(path, image):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n"
                   + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=".", help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--train-images", type=int, default=40000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    began = time.time()

    test_images, test_labels = dataset(1500, [options.seed, 2])
    calibration, _ = dataset(1000, [options.seed, 1])
    train_images, train_labels = dataset(options.train_images, [options.seed, 0])
    print(f"drew {len(train_images) + len(calibration) + len(test_images)} images, {time.time() - began:.0f} s", flush=True)

    model = Net()
    train(model, train_images, train_labels, options.epochs, options.seed, (test_images, test_labels))
    model = folded(model)
    print(f"trained, {time.time() - began:.0f} s in total")

    os.makedirs(os.path.join(options.out, "images"), exist_ok=True)
    path = os.path.join(options.out, "glyphs.onnx")
    export(model, path)
    np.save(os.path.join(options.out, "calibration.npy"), calibration)
    np.save(os.path.join(options.out, "test.npy"), test_images)
    np.save(os.path.join(options.out, "test_labels.npy"), test_labels)
    with open(os.path.join(options.out, "classes.txt"), "w", newline="\n") as file:
        file.write("".join(name + "\n" for name in CLASSES))
    for i in range(10):
        write_png(os.path.join(options.out, "images", f"{i:04d}_{CLASSES[test_labels[i]]}.png"), test_images[i, 0])

    x = as_input(test_images[:100])
    with torch.no_grad():
        difference = (run_onnx(path, x) - model(x)).abs().max().item()
    full = macs(model)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {full} MACs, {os.path.getsize(path)} bytes")
    print(f"written file against the trained model: largest logit difference {difference:.2e}")
    print(f"accuracy, test {accuracy(model, test_images, test_labels):.4f}, "
          f"first 1500 training images {accuracy(model, train_images[:1500], train_labels[:1500]):.4f}")
    for keep in (0.75, 0.5, 0.49, 0.25):
        small = pruned(model, keep)
        print(f"keeping {keep:.0%} of the inner channels by norm, uncorrected: {macs(small) / full:.1%} of the MACs, "
              f"test accuracy {accuracy(small, test_images, test_labels):.4f}")


if __name__ == "__main__":
    main()
