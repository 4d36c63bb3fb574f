#!/usr/bin/env python3
"""Gathers the pictures that the feature network is trained on; none of them is part of reel.

    pictures.py OUT [--own FOLDER ...]

Photographs and drawings come from packages of Debian 12 whose pictures are freely licensed (their
copyright files say how); `--own` adds folders with pictures of one's own, paintings above all. Each is
scaled to 640 pixels on its longer side and written to OUT/train or, every tenth, to OUT/held. Needs
python3-pil and apt-get.
"""
import argparse
import hashlib
import io
import pathlib
import re
import subprocess
import tempfile

from PIL import Image

PACKAGES = [
    "gnome-backgrounds", "plasma-workspace-wallpapers", "ukui-wallpapers", "mate-backgrounds",
    "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "palapeli-data", "propaganda-debian",
    "gcompris-qt-data",
]
LONGER_SIDE = 640
LEAST_SIDE = 240   # smaller ones are icons and pieces of puzzles
QUALITY = 84


def embedded_webp(data):
    """The WebP pictures inside a Qt resource bundle."""
    for match in re.finditer(rb"RIFF(....)WEBP", data, re.S):
        length = int.from_bytes(match[1], "little") + 8
        yield data[match.start():match.start() + length]


def pictures_of(folder):
    """(name, bytes) of every picture below a folder, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        suffix = path.suffix.lower()
        if suffix in (".jpg", ".jpeg", ".png", ".webp"):
            yield str(path.relative_to(folder)), path.read_bytes()
        elif suffix == ".rcc":
            for index, data in enumerate(embedded_webp(path.read_bytes())):
                yield f"{path.relative_to(folder)}:{index}", data


def small(data):
    """The picture as training uses it, or None if it is of no use: too small, empty, or flat."""
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, ValueError):
        return None
    if picture.mode in ("RGBA", "LA", "P", "PA"):
        picture = picture.convert("RGBA")
        if min(picture.getchannel("A").getextrema()) < 255:
            return None  # a cut-out figure
    picture = picture.convert("RGB")
    if min(picture.size) < LEAST_SIDE:
        return None
    scale = LONGER_SIDE / max(picture.size)
    if scale < 1:
        picture = picture.resize([max(1, round(side * scale)) for side in picture.size],
                                 Image.LANCZOS)
    if min(picture.size) < LEAST_SIDE:
        picture = None
    elif max(high - low for low, high in picture.getextrema()) < 24:
        picture = None
    return picture


def fingerprint(picture):
    """Equal for copies of one picture in several sizes."""
    tiny = picture.convert("L").resize((8, 8), Image.BOX)
    return bytes(value // 24 for value in tiny.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--own", type=pathlib.Path, nargs="*", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        subprocess.run(["apt-get", "-q", "download", *PACKAGES], cwd=work, check=True)
        sources = []
        for package in PACKAGES:
            archive = next(work.glob(package + "_*.deb"))
            subprocess.run(["dpkg-deb", "-x", archive, work / package], check=True)
            sources.append((package, work / package))
        sources += [(folder.name, folder) for folder in options.own]

        for part in ("train", "held"):
            (options.out / part).mkdir(parents=True, exist_ok=True)
        seen = set()
        counts = {"train": 0, "held": 0}
        for source, folder in sources:
            before = len(seen)
            for name, data in pictures_of(folder):
                picture = small(data)
                if picture is None or fingerprint(picture) in seen:
                    continue
                seen.add(fingerprint(picture))
                digest = hashlib.sha256(f"{source}/{name}".encode()).hexdigest()[:12]
                part = "held" if len(seen) % 10 == 0 else "train"
                counts[part] += 1
                picture.save(options.out / part / f"{source}-{digest}.jpg", quality=QUALITY)
            print(f"{source}: {len(seen) - before} pictures")
        print(f"{counts['train']} to train on, {counts['held']} held aside")


if __name__ == "__main__":
    main()
