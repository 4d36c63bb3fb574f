#pragma once

#include "paint/canvas.h"
#include "paint/motif.h"

// The kinds of painting: each covers a canvas with the motif in its own manner and says how light
// falls on its material.

namespace paint {

/// Thick oil paint in short curved strokes, from broad to fine.
Surface paint_strokes(const Motif& motif, Random& random, Canvas& canvas);
/// Tiles of stone, broken by hand and turned with the current, with dark grout between.
Surface paint_mosaic(const Motif& motif, Random& random, Canvas& canvas);
/// Lines cut along the current into a block of dark ink, printed over flat colours.
Surface paint_woodcut(const Motif& motif, Random& random, Canvas& canvas);

}  // namespace paint
