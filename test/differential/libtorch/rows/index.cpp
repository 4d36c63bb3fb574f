// Rows of functions/index.h: schema, name, types of the parameters.

#include "differential/libtorch/row.h"

REEL_ROW("argwhere", argwhere, Tensor)
REEL_ROW("gather", gather, Tensor, int64_t, Tensor, bool)
REEL_ROW("index_add", index_add, Tensor, int64_t, Tensor, Tensor, Scalar)
REEL_ROW("index_copy", index_copy, Tensor, int64_t, Tensor, Tensor)
REEL_ROW("index_fill.int_Scalar", index_fill, Tensor, int64_t, Tensor, Scalar)
REEL_ROW("index_fill.int_Tensor", index_fill, Tensor, int64_t, Tensor, Tensor)
REEL_ROW("index_reduce", index_reduce, Tensor, int64_t, Tensor, Tensor, std::string_view, bool)
REEL_ROW("index_select", index_select, Tensor, int64_t, Tensor)
REEL_ROW("masked_fill.Scalar", masked_fill, Tensor, Tensor, Scalar)
REEL_ROW("masked_fill.Tensor", masked_fill, Tensor, Tensor, Tensor)
REEL_ROW("masked_scatter", masked_scatter, Tensor, Tensor, Tensor)
REEL_ROW("masked_select", masked_select, Tensor, Tensor)
REEL_ROW("nonzero", nonzero, Tensor)
REEL_ROW("one_hot", one_hot, Tensor, int64_t)
REEL_ROW("put", put, Tensor, Tensor, Tensor, bool)
REEL_ROW("scatter.src", scatter, Tensor, int64_t, Tensor, Tensor)
REEL_ROW("scatter.value", scatter, Tensor, int64_t, Tensor, Scalar)
REEL_ROW("scatter.reduce", scatter, Tensor, int64_t, Tensor, Tensor, std::string_view)
REEL_ROW("scatter.value_reduce", scatter, Tensor, int64_t, Tensor, Scalar, std::string_view)
REEL_ROW("scatter_add", scatter_add, Tensor, int64_t, Tensor, Tensor)
REEL_ROW("scatter_reduce.two", scatter_reduce, Tensor, int64_t, Tensor, Tensor, std::string_view,
         bool)
REEL_ROW("take", take, Tensor, Tensor)
REEL_ROW("take_along_dim", take_along_dim, Tensor, Tensor, std::optional<int64_t>)
