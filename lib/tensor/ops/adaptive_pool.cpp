// Pooling to a given size: window i of n over a size of s covers floor(i s / n) to
// ceil((i + 1) s / n), in each dimension by itself.

#include <algorithm>

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

struct Range {
  int64_t start;
  int64_t end;
};

Range window(int64_t i, int64_t count, int64_t size) {
  return {i * size / count, ((i + 1) * size + count - 1) / count};
}

void check_input(const char* op, size_t dims, const Tensor& self, const char* colon) {
  const auto rank = static_cast<int64_t>(dims) + 2;
  if (self.dim() != rank && self.dim() != rank - 1) {
    fail("{}(): Expected {}D or {}D tensor, but got{} {}", op, rank - 1, rank, colon, self.sizes());
  }
  for (int64_t d = self.dim() - static_cast<int64_t>(dims); d < self.dim(); ++d) {
    if (self.size(d) > 0) continue;
    fail(
        "{}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
        "{} with dimension {} being empty",
        op, self.sizes(), d);
  }
}

/// Sizes of the result; an error if there is no such tensor or it does not fit into memory.
Shape result_sizes(const Tensor& self, IntArrayRef output_size) {
  Shape sizes = self.sizes();
  const size_t lead = sizes.size() - output_size.size();
  for (size_t a = 0; a < output_size.size(); ++a) sizes[lead + a] = output_size[a];
  for (int64_t size : output_size) {
    if (size < 0) {
      fail("Trying to create tensor with negative dimension {}: {}", size, IntArrayRef(sizes));
    }
  }
  static_cast<void>(empty(sizes, self.options()));
  return sizes;
}

Tensor mean_pool(const char* op, size_t dims, const Tensor& self, IntArrayRef output_size) {
  if (output_size.size() == 1) return mean_pool(op, dims, self, Shape(dims, output_size[0]));
  if (output_size.size() != dims) fail("{}: output_size must be {}", op, dims);
  check_input(op, dims, self, "");
  for (int64_t size : output_size) {
    if (size >= 0) continue;
    fail("{}: elements of output_size must be greater than or equal to 0 but received {{{}}}", op,
         fmt::join(output_size, ", "));
  }
  if (!self.is_floating_point() && !self.is_complex()) {
    fail("{}: \"{}\" not implemented for '{}'", op, op, self.dtype());
  }
  const Shape sizes = result_sizes(self, output_size);
  if (numel_of(sizes) == 0) return zeros(sizes, self.options());
  const int64_t lead = self.dim() - static_cast<int64_t>(dims);
  if (dims == 2 && self.size(lead) % output_size[0] == 0 &&
      self.size(lead + 1) % output_size[1] == 0 && self.is_floating_point() &&
      self.size(lead - 1) > 0) {
    return avg_pool2d(self,
                      {self.size(lead) / output_size[0], self.size(lead + 1) / output_size[1]});
  }
  // The windows are boxes: one dimension after the other.
  Tensor result = self;
  for (int64_t d = lead; d < self.dim(); ++d) {
    std::vector<Tensor> means;
    const int64_t count = sizes[static_cast<size_t>(d)];
    for (int64_t i = 0; i < count; ++i) {
      const Range r = window(i, count, self.size(d));
      means.push_back(result.narrow(d, r.start, r.end - r.start).mean(d, true));
    }
    result = cat(means, d);
  }
  return result;
}

/// The largest value of each window along d of `values`, and which `position` it came from.
void reduce_windows(Tensor& values, Tensor& positions, int64_t d, int64_t count) {
  const int64_t size = values.size(d);
  int64_t longest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Range r = window(i, count, size);
    longest = std::max(longest, r.end - r.start);
  }
  // Shorter windows see their last element again: the first of equals wins.
  std::vector<int64_t> seen;
  for (int64_t i = 0; i < count; ++i) {
    const Range r = window(i, count, size);
    for (int64_t k = 0; k < longest; ++k) seen.push_back(std::min(r.start + k, r.end - 1));
  }
  const Tensor index = tensor(seen, TensorOptions(kLong).device(Device(kCPU))).to(values.device());
  Shape windows = values.sizes();
  windows[static_cast<size_t>(d)] = count;
  windows.insert(static_cast<size_t>(d) + 1, longest);
  const auto spread = [&](const Tensor& t) { return t.index_select(d, index).view(windows); };
  const Tensor candidates = spread(values);
  const Tensor best = candidates.argmax(d + 1, true);
  values = candidates.gather(d + 1, best).squeeze(d + 1);
  positions = spread(positions).gather(d + 1, best).squeeze(d + 1);
}

std::tuple<Tensor, Tensor> max_pool(const char* op, size_t dims, const Tensor& self,
                                    IntArrayRef output_size) {
  if (output_size.size() != dims) {
    fail("{}(): internal error: output_size.size() must be {}", op, dims);
  }
  check_input(op, dims, self, ":");
  if (self.is_complex()) fail("{}: \"{}\" not implemented for '{}'", op, op, self.dtype());
  const Shape sizes = result_sizes(self, output_size);
  const TensorOptions longs = TensorOptions(kLong).device(self.device());
  if (numel_of(sizes) == 0) return {empty(sizes, self.options()), empty(sizes, longs)};
  const int64_t lead = self.dim() - static_cast<int64_t>(dims);
  const IntArrayRef outer = self.sizes().slice(0, static_cast<size_t>(lead));
  const int64_t volume = numel_of(self.sizes().slice(static_cast<size_t>(lead), dims));
  Tensor values = self.detach();
  Tensor positions = arange(volume, longs)
                         .view(self.sizes().slice(static_cast<size_t>(lead), dims))
                         .expand(self.sizes());
  {
    const NoGradGuard guard;
    for (int64_t d = self.dim(); d-- > lead;) {
      reduce_windows(values, positions, d, sizes[static_cast<size_t>(d)]);
    }
  }
  Shape flat_in = outer;
  flat_in.push_back(volume);
  Shape flat_out = outer;
  flat_out.push_back(numel_of(output_size));
  const Tensor result = self.reshape(flat_in).gather(lead, positions.reshape(flat_out));
  return {result.view(sizes), positions.contiguous()};
}

/// Rows as pictures of height 1.
Tensor as_pictures(const char* op, const Tensor& self, IntArrayRef output_size) {
  if (self.dim() != 2 && self.dim() != 3) {
    fail(
        "{}: Expected 2 to 3 dimensions, but got {}-dimensional tensor for argument #1 'self' "
        "(while checking arguments for {})",
        op, self.dim(), op);
  }
  if (output_size.size() != 1) {
    fail("{}() argument 'output_size' should contain one int (got {})", op, output_size.size());
  }
  return self.unsqueeze(-2);
}

}  // namespace

Tensor adaptive_avg_pool1d(const Tensor& self, IntArrayRef output_size) {
  const Tensor x = as_pictures("adaptive_avg_pool1d", self, output_size);
  return mean_pool("adaptive_avg_pool2d", 2, x, {1, output_size[0]}).squeeze(-2);
}

Tensor adaptive_avg_pool2d(const Tensor& self, IntArrayRef output_size) {
  return mean_pool("adaptive_avg_pool2d", 2, self, output_size);
}

Tensor adaptive_avg_pool3d(const Tensor& self, IntArrayRef output_size) {
  return mean_pool("adaptive_avg_pool3d", 3, self, output_size);
}

std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& self, IntArrayRef output_size) {
  const Tensor x = as_pictures("adaptive_max_pool1d", self, output_size);
  const auto [values, indices] = max_pool("adaptive_max_pool2d", 2, x, {1, output_size[0]});
  return {values.squeeze(-2), indices.squeeze(-2)};
}

std::tuple<Tensor, Tensor> adaptive_max_pool2d(const Tensor& self, IntArrayRef output_size) {
  return max_pool("adaptive_max_pool2d", 2, self, output_size);
}

std::tuple<Tensor, Tensor> adaptive_max_pool3d(const Tensor& self, IntArrayRef output_size) {
  return max_pool("adaptive_max_pool3d", 3, self, output_size);
}

}  // namespace reel
