// Rows of functions/reduce.h: schema, name, types of the parameters.

#include "differential/libtorch/row.h"

REEL_ROW("all.dim", all, Tensor, int64_t, bool)
REEL_ROW("all", all, Tensor)
REEL_ROW("allclose", allclose, Tensor, Tensor, double, double, bool)
REEL_ROW("amax", amax, Tensor, IntArrayRef, bool)
REEL_ROW("amin", amin, Tensor, IntArrayRef, bool)
REEL_ROW("aminmax", aminmax, Tensor, std::optional<int64_t>, bool)
REEL_ROW("any.dim", any, Tensor, int64_t, bool)
REEL_ROW("any", any, Tensor)
REEL_ROW("argmax", argmax, Tensor, std::optional<int64_t>, bool)
REEL_ROW("argmin", argmin, Tensor, std::optional<int64_t>, bool)
REEL_ROW("argsort", argsort, Tensor, int64_t, bool)
REEL_ROW("argsort.stable", argsort, Tensor, bool, int64_t, bool)
REEL_ROW("bincount", bincount, Tensor, Tensor, int64_t)
REEL_ROW("bucketize.Tensor", bucketize, Tensor, Tensor, bool, bool)
REEL_ROW("bucketize.Scalar", bucketize, Scalar, Tensor, bool, bool)
REEL_ROW("count_nonzero.dim_IntList", count_nonzero, Tensor, IntArrayRef)
REEL_ROW("count_nonzero", count_nonzero, Tensor, std::optional<int64_t>)
REEL_ROW("cummax", cummax, Tensor, int64_t)
REEL_ROW("cummin", cummin, Tensor, int64_t)
REEL_ROW("cumprod", cumprod, Tensor, int64_t, std::optional<ScalarType>)
REEL_ROW("cumsum", cumsum, Tensor, int64_t, std::optional<ScalarType>)
REEL_ROW("diff", diff, Tensor, int64_t, int64_t, Tensor, Tensor)
REEL_ROW("dist", dist, Tensor, Tensor, Scalar)
REEL_ROW("equal", equal, Tensor, Tensor)
REEL_ROW("frobenius_norm", frobenius_norm, Tensor)
REEL_ROW("frobenius_norm.dim", frobenius_norm, Tensor, IntArrayRef, bool)
REEL_ROW("gradient.scalarint", gradient, Tensor, std::optional<Scalar>, std::optional<int64_t>,
         int64_t)
REEL_ROW("gradient.scalararray", gradient, Tensor, Scalar, IntArrayRef, int64_t)
REEL_ROW("gradient.array", gradient, Tensor, IntArrayRef, int64_t)
REEL_ROW("gradient.scalarrayint", gradient, Tensor, ArrayRef<Scalar>, std::optional<int64_t>,
         int64_t)
REEL_ROW("gradient.scalarrayarray", gradient, Tensor, ArrayRef<Scalar>, IntArrayRef, int64_t)
REEL_ROW("gradient.tensorarrayint", gradient, Tensor, TensorList, std::optional<int64_t>, int64_t)
REEL_ROW("gradient.tensorarray", gradient, Tensor, TensorList, IntArrayRef, int64_t)
REEL_ROW("histc", histc, Tensor, int64_t, Scalar, Scalar)
REEL_ROW("histogram.bins_tensor", histogram, Tensor, Tensor, Tensor, bool)
REEL_ROW("histogram.bin_ct", histogram, Tensor, int64_t, std::optional<ArrayRef<double>>, Tensor,
         bool)
REEL_ROW("kthvalue", kthvalue, Tensor, int64_t, int64_t, bool)
REEL_ROW("log_softmax.int", log_softmax, Tensor, int64_t, std::optional<ScalarType>)
REEL_ROW("logcumsumexp", logcumsumexp, Tensor, int64_t)
REEL_ROW("logsumexp", logsumexp, Tensor, IntArrayRef, bool)
REEL_ROW("max.dim", max, Tensor, int64_t, bool)
REEL_ROW("max", max, Tensor)
REEL_ROW("max.other", max, Tensor, Tensor)
REEL_ROW("mean", mean, Tensor, std::optional<ScalarType>)
REEL_ROW("mean.dim", mean, Tensor, IntArrayRef, bool, std::optional<ScalarType>)
REEL_ROW("median", median, Tensor)
REEL_ROW("median.dim", median, Tensor, int64_t, bool)
REEL_ROW("min.dim", min, Tensor, int64_t, bool)
REEL_ROW("min", min, Tensor)
REEL_ROW("min.other", min, Tensor, Tensor)
REEL_ROW("mode", mode, Tensor, int64_t, bool)
REEL_ROW("msort", msort, Tensor)
REEL_ROW("nanmean", nanmean, Tensor, IntArrayRef, bool, std::optional<ScalarType>)
REEL_ROW("nanmedian", nanmedian, Tensor)
REEL_ROW("nanmedian.dim", nanmedian, Tensor, int64_t, bool)
REEL_ROW("nanquantile", nanquantile, Tensor, Tensor, std::optional<int64_t>, bool, std::string_view)
REEL_ROW("nanquantile.scalar", nanquantile, Tensor, double, std::optional<int64_t>, bool,
         std::string_view)
REEL_ROW("nansum", nansum, Tensor, IntArrayRef, bool, std::optional<ScalarType>)
REEL_ROW("norm.ScalarOpt_dtype", norm, Tensor, std::optional<Scalar>, ScalarType)
REEL_ROW("norm.Scalar", norm, Tensor, Scalar)
REEL_ROW("norm.ScalarOpt_dim_dtype", norm, Tensor, std::optional<Scalar>, IntArrayRef, bool,
         ScalarType)
REEL_ROW("norm.ScalarOpt_dim", norm, Tensor, std::optional<Scalar>, IntArrayRef, bool)
REEL_ROW("nuclear_norm", nuclear_norm, Tensor, bool)
REEL_ROW("nuclear_norm.dim", nuclear_norm, Tensor, IntArrayRef, bool)
REEL_ROW("prod", prod, Tensor, std::optional<ScalarType>)
REEL_ROW("prod.dim_int", prod, Tensor, int64_t, bool, std::optional<ScalarType>)
REEL_ROW("quantile", quantile, Tensor, Tensor, std::optional<int64_t>, bool, std::string_view)
REEL_ROW("quantile.scalar", quantile, Tensor, double, std::optional<int64_t>, bool,
         std::string_view)
REEL_ROW("searchsorted.Tensor", searchsorted, Tensor, Tensor, bool, bool,
         std::optional<std::string_view>, Tensor)
REEL_ROW("searchsorted.Scalar", searchsorted, Tensor, Scalar, bool, bool,
         std::optional<std::string_view>, Tensor)
REEL_ROW("softmax.int", softmax, Tensor, int64_t, std::optional<ScalarType>)
REEL_ROW("sort", sort, Tensor, int64_t, bool)
REEL_ROW("sort.stable", sort, Tensor, std::optional<bool>, int64_t, bool)
REEL_ROW("std_mean", std_mean, Tensor, bool)
REEL_ROW("std_mean.dim", std_mean, Tensor, IntArrayRef, bool, bool)
REEL_ROW("std_mean.correction", std_mean, Tensor, IntArrayRef, std::optional<int64_t>, bool)
REEL_ROW("sum", sum, Tensor, std::optional<ScalarType>)
REEL_ROW("sum.dim_IntList", sum, Tensor, IntArrayRef, bool, std::optional<ScalarType>)
REEL_ROW("topk", topk, Tensor, int64_t, int64_t, bool, bool)
REEL_ROW("unique_consecutive", unique_consecutive, Tensor, bool, bool, std::optional<int64_t>)
REEL_ROW("unique_dim", unique_dim, Tensor, int64_t, bool, bool, bool)
REEL_ROW("unique_dim_consecutive", unique_dim_consecutive, Tensor, int64_t, bool, bool)
REEL_ROW("var", var, Tensor, bool)
REEL_ROW("var.dim", var, Tensor, IntArrayRef, bool, bool)
REEL_ROW("var.correction", var, Tensor, IntArrayRef, std::optional<int64_t>, bool)
REEL_ROW("var_mean", var_mean, Tensor, bool)
REEL_ROW("var_mean.dim", var_mean, Tensor, IntArrayRef, bool, bool)
REEL_ROW("var_mean.correction", var_mean, Tensor, IntArrayRef, std::optional<int64_t>, bool)

// Unqualified, `std` is the namespace.
#define REEL_STD_ROW(schema, ...)                                                         \
  static const bool REEL_CONCAT(row_, __COUNTER__) = differential::add_row<__VA_ARGS__>(  \
      schema, [](auto&... a) { return differential::give(reel::std(a...)); },             \
      [](auto& self, auto&... a) { return differential::give(self.std(a...)); }, nullptr, \
      [](auto&... a) {                                                                    \
        reel::Tensor out = reel::empty({0}, reel::std(a...).dtype());                     \
        reel::std_out(out, a...);                                                         \
        return differential::give(out);                                                   \
      });
REEL_STD_ROW("std", reel::Tensor, bool)
REEL_STD_ROW("std.dim", reel::Tensor, reel::IntArrayRef, bool, bool)
REEL_STD_ROW("std.correction", reel::Tensor, reel::IntArrayRef, std::optional<int64_t>, bool)
