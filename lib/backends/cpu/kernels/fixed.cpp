// Products of fixed point. Operands become lines of int8: an int16 two of them, the products of
// which are added up exactly.
//
// A number x of 16 bits is 256 h + l + 128, where h = x >> 8 and l = (x & 255) - 128 are int8. With
// the sums over the depth K of products of such halves,
//
//   sum a b = 65536 sum ah bh + 256 (sum ah bl + sum al bh) + sum al bl
//             + 128 (sum a + sum b) - 16384 K          where both have 16 bits,
//   sum a b = 256 sum ah b + sum al b + 128 sum b      where only a has.
//
// Sums of products of int8 are exact in 32 bits for depths of up to kMostDepth, the rest is exact
// in a double for sums below 2^53.

#include <cmath>
#include <vector>

#include <reel/backends/cpu/kernels/fixed_operands.h>
#include <reel/backends/cpu/kernels/gemm_int8.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/tensor/ops/fixed.h>

namespace reel::cpu::REEL_ISA {
namespace {

// What one line of int8 products, and with it a call of multiply_int8, may hold.
constexpr int64_t kMostDepth = 131008;
// Of patches that are gathered at a time: they stay in L2 until they are packed.
constexpr int64_t kPatchBytes = 1 << 20;

double power_of_two(int64_t shift) { return std::ldexp(1.0, static_cast<int>(shift)); }

// Of each line over the depth.
std::vector<int64_t> line_sums(const Int8Lines& lines) {
  std::vector<int64_t> result(static_cast<size_t>(lines.count));
  if (lines.depth_stride == 1) {
    parallel_for(0, lines.count, 1 + 65536 / (lines.depth + 1), [&](int64_t i, int64_t end) {
      for (; i < end; ++i) {
        const int8_t* line = lines.data + i * lines.line_stride;
        int32_t sum = 0;
        for (int64_t k = 0; k < lines.depth; ++k) sum += line[k];
        result[static_cast<size_t>(i)] = sum;
      }
    });
    return result;
  }
  // Parts of the depth, each of all lines.
  const int64_t part = 1 + 65536 / (lines.count + 1), parts = (lines.depth + part - 1) / part;
  std::vector<int32_t> partial(static_cast<size_t>(parts * lines.count));
  parallel_for(0, parts, 1, [&](int64_t p, int64_t) {
    int32_t* sums = partial.data() + p * lines.count;
    for (int64_t k = p * part; k < std::min((p + 1) * part, lines.depth); ++k) {
      const int8_t* across = lines.data + k * lines.depth_stride;
      if (lines.line_stride == 1) {
        for (int64_t i = 0; i < lines.count; ++i) sums[i] += across[i];
      } else {
        for (int64_t i = 0; i < lines.count; ++i) sums[i] += across[i * lines.line_stride];
      }
    }
  });
  for (int64_t p = 0; p < parts; ++p) {
    const int32_t* sums = partial.data() + p * lines.count;
    for (int64_t i = 0; i < lines.count; ++i) result[static_cast<size_t>(i)] += sums[i];
  }
  return result;
}

// Of the numbers of each item over the depth.
std::vector<double> item_sums(const FixedLines& operand) {
  const std::vector<int64_t> of_lines = line_sums(operand.lines);
  std::vector<double> result;
  for (int64_t i = 0; i < operand.size; ++i) {
    const int64_t* sum = of_lines.data() + i * operand.item_stride;
    const bool halves = operand.parts == 2;
    result.push_back(static_cast<double>(
        halves ? 256 * sum[0] + sum[operand.part_stride] + 128 * operand.lines.depth : sum[0]));
  }
  return result;
}

// Sums of whole numbers from those of their halves.
class Halves {
 public:
  Halves(const FixedLines& a, const FixedLines& b, const int32_t* sums)
      : a_(a), b_(b), sums_(sums), width_(b.lines.count) {
    if (b.parts == 2) of_a_ = item_sums(a);
    if (a.parts == 2) of_b_ = item_sums(b);
  }
  void row(int64_t m, double* values) const {
    const int32_t* high = sums_ + m * a_.item_stride * width_;
    const int32_t* low = high + a_.part_stride * width_;
    const int64_t b_low = b_.part_stride;
    if (a_.parts == 1) {
      const double rest = 128 * of_a_[static_cast<size_t>(m)];
      for (int64_t n = 0; n < b_.size; ++n) {
        values[n] = 256.0 * high[n] + static_cast<double>(high[b_low + n]) + rest;
      }
    } else if (b_.parts == 1) {
      for (int64_t n = 0; n < b_.size; ++n) {
        values[n] = 256.0 * high[n] + low[n] + 128 * of_b_[static_cast<size_t>(n)];
      }
    } else {
      const double rest =
          128 * of_a_[static_cast<size_t>(m)] - 16384 * static_cast<double>(a_.lines.depth);
      for (int64_t n = 0; n < b_.size; ++n) {
        const double mixed = static_cast<double>(high[b_low + n]) + low[n];
        values[n] = 65536.0 * high[n] + 256 * mixed + low[b_low + n] +
                    (128 * of_b_[static_cast<size_t>(n)] + rest);
      }
    }
  }

 private:
  const FixedLines &a_, &b_;
  const int32_t* sums_;
  int64_t width_;
  std::vector<double> of_a_, of_b_;
};

// finish(m, n, count, values) takes exact sums of row m of a b from column n on, int32_t or double.
// The lines of b are ordered by parts.
template <class Finish>
void multiply_fixed(const FixedLines& a, const FixedLines& b, const Finish& finish) {
  if (a.parts == 1 && b.parts == 1) {
    multiply_int8(a.lines, b.lines,
                  [&](int64_t m, int64_t n, int64_t rows, int64_t columns, const int32_t* sums,
                      int64_t stride) {
                    const int64_t wanted = std::min(columns, b.size - n);
                    if (wanted <= 0) return;  // of lines that fill up a block
                    for (int64_t i = 0; i < rows; ++i) finish(m + i, n, wanted, sums + i * stride);
                  });
    return;
  }
  const int64_t width = b.lines.count;
  const Storage storage =
      allocate_storage(sizeof(int32_t) * static_cast<size_t>(a.lines.count * width), kCPU);
  auto* const all = static_cast<int32_t*>(storage->data());
  multiply_int8(a.lines, b.lines,
                [&](int64_t m, int64_t n, int64_t rows, int64_t columns, const int32_t* sums,
                    int64_t stride) {
                  for (int64_t i = 0; i < rows; ++i) {
                    std::copy_n(sums + i * stride, columns, all + (m + i) * width + n);
                  }
                });
  const Halves halves(a, b, all);
  parallel_for(0, a.size, 1 + 8192 / (width + 1), [&](int64_t m, int64_t end) {
    auto* const values = scratch<double>(Slot::row, b.size);
    for (; m < end; ++m) {
      halves.row(m, values);
      finish(m, 0, b.size, values);
    }
  });
}

// Where sums go, times 2^shift: a row of the result, whose elements lie `stride` apart.
template <class T>
void store_scaled(const T* sums, int64_t count, double scale, const float* bias, float* to,
                  int64_t stride) {
  if (bias == nullptr && stride == 1) {
    for (int64_t j = 0; j < count; ++j) {
      to[j] = static_cast<float>(static_cast<double>(sums[j]) * scale);
    }
    return;
  }
  for (int64_t j = 0; j < count; ++j) {
    const auto value = static_cast<float>(static_cast<double>(sums[j]) * scale);
    to[j * stride] = bias == nullptr ? value : value + bias[j];
  }
}

std::vector<float> bias_of(const Call& call) {
  std::vector<float> bias;
  if (call.num_in < 3 || !call.in[2].defined()) return bias;
  const View& view = call.in[2];
  for (int64_t i = 0; i < view.numel; ++i) {
    bias.push_back(view.as<const float>()[i * view.strides[0]]);
  }
  return bias;
}

// Exact sums of products whose depth comes in parts.
class DeepSums {
 public:
  DeepSums(int64_t rows, int64_t columns)
      : columns_(columns), sums_(static_cast<size_t>(rows * columns)) {}
  void add(const FixedLines& a, const FixedLines& b) {
    multiply_fixed(a, b, [&](int64_t m, int64_t n, int64_t count, const auto* values) {
      double* to = sums_.data() + m * columns_ + n;
      for (int64_t j = 0; j < count; ++j) to[j] += static_cast<double>(values[j]);
    });
  }
  const double* row(int64_t m) const { return sums_.data() + m * columns_; }

 private:
  int64_t columns_;
  std::vector<double> sums_;
};

MatrixView rows_of(const View& v, int64_t k) {
  return {v.data, v.dtype, v.sizes[0], v.strides[0], v.strides[1], k};
}
MatrixView columns_of(const View& v, int64_t k) {
  return {v.data, v.dtype, v.sizes[1], v.strides[1], v.strides[0], k};
}

// Numbers that are used more than once are quantised once, before.
bool has_floats(const Call& call) {
  return call.in[0].dtype == kFloat || call.in[1].dtype == kFloat;
}
constexpr const char* kFloats = "an operand of floats";

const char* fixed_mm(const Call& call) {
  if (has_floats(call)) return kFloats;
  const View &a = call.in[0], &b = call.in[1], &c = call.out[0];
  if (c.numel == 0) return nullptr;
  const double scale = power_of_two(call.as<ops::FixedMm>().shift);
  const std::vector<float> bias = bias_of(call);
  const auto store = [&](int64_t m, int64_t n, int64_t count, const auto* sums) {
    store_scaled(sums, count, scale, bias.empty() ? nullptr : bias.data() + n,
                 c.as<float>() + m * c.strides[0] + n * c.strides[1], c.strides[1]);
  };
  const int64_t depth = a.sizes[1];
  if (depth <= kMostDepth) {
    multiply_fixed(lines_of(rows_of(a, 0), depth), lines_of(columns_of(b, 0), depth), store);
    return nullptr;
  }
  DeepSums sums(c.sizes[0], c.sizes[1]);
  for (int64_t k = 0; k < depth; k += kMostDepth) {
    const int64_t here = std::min(kMostDepth, depth - k);
    sums.add(lines_of(rows_of(a, k), here), lines_of(columns_of(b, k), here));
  }
  for (int64_t m = 0; m < c.sizes[0]; ++m) store(m, 0, c.sizes[1], sums.row(m));
  return nullptr;
}

// y [N, groups * filters, rows, columns] of x and the filters of each group.
template <class Filters>
const char* convolve(const Call& call, const PatchGeometry& geometry, int64_t groups, int64_t shift,
                     const Filters& filters_of) {
  if (has_floats(call)) return kFloats;
  const View &x = call.in[0], &y = call.out[0];
  if (y.numel == 0) return nullptr;
  if (geometry.depth() > kMostDepth) return "a kernel of more than 131,008 elements";
  const double scale = power_of_two(shift);
  const std::vector<float> bias = bias_of(call);
  const FixedPictures pictures(x);
  const int64_t filters = y.sizes[1] / groups, pixels = y.sizes[0] * geometry.results();
  // Kernels are packed anew each time, so that there are to be more pixels than kernels.
  const int64_t at_a_time = std::max<int64_t>(
      4 * filters, kPatchBytes / (pictures.parts() * geometry.depth()) / 64 * 64 + 64);
  for (int64_t group = 0; group < groups; ++group) {
    const FixedLines kernels = filters_of(group);
    const float* group_bias = bias.empty() ? nullptr : bias.data() + group * filters;
    for (int64_t first = 0; first < pixels; first += at_a_time) {
      const int64_t count = std::min(at_a_time, pixels - first);
      const FixedLines patches = pictures.patches(geometry, group, first, count).by_pixel();
      multiply_fixed(
          patches, kernels, [&](int64_t m, int64_t n, int64_t columns, const auto* sums) {
            float* to =
                y.as<float>() + geometry.place(first + m, y) + (group * filters + n) * y.strides[1];
            store_scaled(sums, columns, scale, group_bias == nullptr ? nullptr : group_bias + n, to,
                         y.strides[1]);
          });
    }
  }
  return nullptr;
}

const char* fixed_conv2d(const Call& call) {
  const auto& op = call.as<ops::FixedConv2d>();
  const View &w = call.in[1], &y = call.out[0];
  PatchGeometry geometry{w.sizes[1], {}};
  for (size_t a = 0; a < 2; ++a) {
    geometry.axes[a] = {w.sizes[a + 2], y.sizes[a + 2], op.stride[a],
                        op.dilation[a], op.padding[a],  1};
  }
  const int64_t filters = w.sizes[0] / op.groups;
  return convolve(call, geometry, op.groups, op.shift,
                  [&](int64_t group) { return filter_lines(w, group * filters, filters, false); });
}

// A convolution of the gradient, stride - 1 zeros between its lines, by kernels that are turned.
const char* fixed_conv2d_input_grad(const Call& call) {
  const auto& op = call.as<ops::FixedConv2dInputGrad>();
  const View &w = call.in[1], &dx = call.out[0];
  const int64_t filters = w.sizes[0] / op.groups;
  PatchGeometry geometry{filters, {}};
  for (size_t a = 0; a < 2; ++a) {
    const int64_t kernel = w.sizes[a + 2];
    geometry.axes[a] = {kernel,
                        dx.sizes[a + 2],
                        1,
                        op.dilation[a],
                        (kernel - 1) * op.dilation[a] - op.padding[a],
                        op.stride[a]};
  }
  return convolve(call, geometry, op.groups, op.shift,
                  [&](int64_t group) { return filter_lines(w, group * filters, filters, true); });
}

const char* fixed_conv2d_weight_grad(const Call& call) {
  if (has_floats(call)) return kFloats;
  const auto& op = call.as<ops::FixedConv2dWeightGrad>();
  const View &g = call.in[0], &x = call.in[1], &dw = call.out[0];
  if (dw.numel == 0) return nullptr;
  const double scale = power_of_two(op.shift);
  PatchGeometry geometry{dw.sizes[1], {}};
  for (size_t a = 0; a < 2; ++a) {
    geometry.axes[a] = {op.kernel_size[a], g.sizes[a + 2], op.stride[a],
                        op.dilation[a],    op.padding[a],  1};
  }
  const FixedPictures pictures(x);
  const DensePixels gradient(g);
  const int64_t filters = dw.sizes[0] / op.groups, depth = geometry.depth();
  const int64_t pixels = g.sizes[0] * geometry.results(), kernel = dw.sizes[2] * dw.sizes[3];
  const int64_t at_a_time =
      std::clamp<int64_t>(kPatchBytes / (pictures.parts() * depth) / 64 * 64, 64, kMostDepth);
  for (int64_t group = 0; group < op.groups; ++group) {
    DeepSums sums(filters, depth);
    for (int64_t first = 0; first < pixels; first += at_a_time) {
      const int64_t count = std::min(at_a_time, pixels - first);
      const FixedLines left = lines_of(gradient.channels(group * filters, filters, first), count);
      sums.add(left, pictures.patches(geometry, group, first, count).by_element());
    }
    for (int64_t o = 0; o < filters; ++o) {
      float* to = dw.as<float>() + (group * filters + o) * dw.strides[0];
      for (int64_t c = 0; c < dw.sizes[1]; ++c) {
        for (int64_t k = 0; k < kernel; ++k) {
          to[c * dw.strides[1] + k / dw.sizes[3] * dw.strides[2] +
             k % dw.sizes[3] * dw.strides[3]] =
              static_cast<float>(sums.row(o)[k * dw.sizes[1] + c] * scale);
        }
      }
    }
  }
  return nullptr;
}

template <class T>
void quantize_line(const float* x, int64_t count, float inverse, float limit, T* y) {
  constexpr int kL = kLanes<float>;
  constexpr int64_t kBlock = 512;
  // Adding it rounds to an integer, which is then the lowest bits.
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
  constexpr int32_t kRounderBits = 0x4b400000;
  const Vec<float> scale(inverse), most(limit), least(-limit), rounder(kRounder), zero(0.0f);
  alignas(64) float block[kBlock];
  for (; count > 0; count -= kBlock, x += kBlock, y += kBlock) {
    const auto here = static_cast<int>(std::min(kBlock, count));
    for (int i = 0; i < here; i += kL) {
      const Vec<float> v = here - i >= kL ? load(x + i) : load_n(x + i, here - i);
      const Vec<float> in_range = xsimd::max(xsimd::min(v * scale, most), least);
      store(block + i, select(is_nan(v), zero, in_range) + rounder);
    }
    for (int i = 0; i < here; ++i) {
      y[i] = static_cast<T>(std::bit_cast<int32_t>(block[i]) - kRounderBits);
    }
  }
}

const char* quantize_fixed(const Call& call) {
  const auto& op = call.as<ops::QuantizeFixed>();
  const View &x = call.in[0], &y = call.out[0];
  for (int d = 0; d < x.rank; ++d) {
    if (x.sizes[d] > 1 && x.strides[d] != y.strides[d]) return "an input with gaps";
  }
  const auto inverse = static_cast<float>(power_of_two(-op.shift));
  const auto limit = static_cast<float>(op.limit());
  parallel_for(0, x.numel, 1 << 15, [&](int64_t begin, int64_t end) {
    const float* from = x.as<const float>() + begin;
    if (op.bits == 8) {
      quantize_line(from, end - begin, inverse, limit, y.as<int8_t>() + begin);
    } else {
      quantize_line(from, end - begin, inverse, limit, y.as<int16_t>() + begin);
    }
  });
  return nullptr;
}

}  // namespace

void register_fixed(KernelTable& table) {
  table.add(ops::QuantizeFixed::name, quantize_fixed);
  table.add(ops::FixedMm::name, fixed_mm);
  table.add(ops::FixedConv2d::name, fixed_conv2d);
  table.add(ops::FixedConv2dInputGrad::name, fixed_conv2d_input_grad);
  table.add(ops::FixedConv2dWeightGrad::name, fixed_conv2d_weight_grad);
}

}  // namespace reel::cpu::REEL_ISA
