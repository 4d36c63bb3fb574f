#include "differential/libtorch/row.h"

// clang-format off
REEL_ROW("conj_physical", conj_physical, Tensor)
REEL_ROW("is_conj", is_conj, Tensor)
REEL_ROW("is_floating_point", is_floating_point, Tensor)
REEL_ROW("is_neg", is_neg, Tensor)
REEL_ROW("mH", mH, Tensor)
REEL_ROW("mT", mT, Tensor)
REEL_ROW("matrix_H", matrix_H, Tensor)
REEL_ROW("resolve_conj", resolve_conj, Tensor)
REEL_ROW("resolve_neg", resolve_neg, Tensor)
REEL_ROW("vdot", vdot, Tensor, Tensor)
