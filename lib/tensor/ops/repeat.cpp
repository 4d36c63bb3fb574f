// The elements of a tensor in another order or several times.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {

Tensor fliplr(const Tensor& self) {
  if (self.dim() < 2) fail("fliplr: Input must be >= 2-d.");
  return flip(self, {1});
}

Tensor flipud(const Tensor& self) {
  if (self.dim() < 1) fail("flipud: Input must be >= 1-d.");
  return flip(self, {0});
}

Tensor roll(const Tensor& self, IntArrayRef shifts, IntArrayRef dims) {
  if (shifts.empty()) fail("roll: `shifts` required");
  if (dims.empty() && shifts.size() == 1) {
    const Tensor flat = reshape(self, {self.numel()});
    return reshape(roll(flat, shifts, {0}), self.sizes());
  }
  if (shifts.size() != dims.size()) {
    fail("roll: shifts and dimensions must align. shifts: {}, dims:{}", shifts.size(), dims.size());
  }
  if (self.dim() == 0) {
    fail_index("roll: Dimension specified as {} but tensor has no dimensions", dims[0]);
  }
  Tensor result = self;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t d = wrap_dim(dims[i], self.dim());
    const int64_t n = self.size(d);
    if (n == 0) continue;
    const int64_t shift = (shifts[i] % n + n) % n;
    if (shift == 0) continue;
    result = cat({result.narrow(d, n - shift, shift), result.narrow(d, 0, n - shift)}, d);
  }
  return result.is_same(self) ? self.clone() : result;
}

Tensor rot90(const Tensor& self, int64_t k, IntArrayRef dims) {
  const int64_t rank = self.dim();
  if (dims.size() != 2) {
    fail("rot90: expected total rotation dims == 2, but got dims = {}", dims.size());
  }
  if (rank < 2) fail("rot90: expected total dims >= 2, but got total dims = {}", rank);
  const int64_t apart =
      std::abs(std::clamp(dims[0], -rank - 1, rank) - std::clamp(dims[1], -rank - 1, rank));
  if (dims[0] == dims[1] || apart == rank) {
    fail("rot90: expected rotation dims to be different, but got dim0 = {} and dim1 = {}", dims[0],
         dims[1]);
  }
  for (size_t i = 0; i < 2; ++i) {
    if (dims[i] >= rank || dims[i] < -rank) {
      fail("rot90: Rotation dim{} out of range, dim{} = {}", i, i, dims[i]);
    }
  }
  switch ((k % 4 + 4) % 4) {
    case 1:
      return flip(self, {dims[1]}).transpose(dims[0], dims[1]);
    case 2:
      return flip(self, dims);
    case 3:
      return flip(self, {dims[0]}).transpose(dims[0], dims[1]);
    default:
      return self.clone(MemoryFormat::Contiguous);
  }
}

Tensor tile(const Tensor& self, IntArrayRef dims) {
  Shape repeats = dims;
  while (static_cast<int64_t>(repeats.size()) < self.dim()) repeats.insert(0, 1);
  return self.repeat(repeats);
}

Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> output_size) {
  if (repeats.dim() != 1) {
    fail("repeat_interleave: repeat_interleave only accept 1D vector as repeat");
  }
  if (repeats.dtype() != kLong && repeats.dtype() != kInt) {
    fail("repeat_interleave: \"repeat_interleave_cpu\" not implemented for '{}'", repeats.dtype());
  }
  const Tensor host = repeats.detach().cpu().to(kLong).contiguous();
  const int64_t* counts = host.data_ptr<int64_t>();
  int64_t total = 0;
  for (int64_t i = 0; i < host.numel(); ++i) {
    if (counts[i] < 0) fail("repeat_interleave: repeats can not be negative");
    if (__builtin_add_overflow(total, counts[i], &total)) {
      fail("repeat_interleave: the sum of repeats overflows");
    }
  }
  if (output_size && *output_size != total) {
    fail("repeat_interleave: allocated size does not match required size");
  }
  const Tensor result = empty({total}, TensorOptions(kLong).device(kCPU));
  int64_t* at = result.data_ptr<int64_t>();
  for (int64_t i = 0; i < host.numel(); ++i) at = std::fill_n(at, counts[i], i);
  return result.to(repeats.options());
}

Tensor repeat_interleave(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  const Tensor input = dim ? self : reshape(self, {self.numel()});
  const int64_t d = dim.value_or(0);
  if (input.dim() == 0) {
    fail_index("repeat_interleave: Dimension specified as {} but tensor has no dimensions", d);
  }
  if (repeats.dim() > 1) fail("repeat_interleave: repeats must be 0-dim or 1-dim tensor");
  const int64_t n = input.size(d);
  if (repeats.dim() == 1 && repeats.numel() != 1 && repeats.numel() != n) {
    fail("repeat_interleave: repeats must have the same size as input along dim");
  }
  const Tensor counts = repeats.numel() == 1 ? reshape(repeats, {1}).expand({n}) : repeats;
  return index_select(input, d, repeat_interleave(counts, output_size));
}

Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  return repeat_interleave(self, scalar_tensor(repeats, TensorOptions(kLong).device(self.device())),
                           dim, output_size);
}

}  // namespace reel
