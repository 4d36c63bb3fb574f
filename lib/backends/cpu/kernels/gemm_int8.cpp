#include <vector>

#include <reel/backends/cpu/kernels/gemm_int8.h>
#include <reel/backends/cpu/kernels/kernels.h>

namespace reel::cpu::REEL_ISA {
namespace {

Int8Lines rows_of(const View& view) {
  return {view.as<const int8_t>(), view.strides[0], view.strides[1], view.sizes[0], view.sizes[1]};
}
Int8Lines columns_of(const View& view) {
  return {view.as<const int8_t>(), view.strides[1], view.strides[0], view.sizes[1], view.sizes[0]};
}

const char* int_mm(const Call& call) {
  const View& c = call.out[0];
  multiply_int8(rows_of(call.in[0]), columns_of(call.in[1]),
                [&](int64_t m, int64_t n, int64_t rows, int64_t columns, const int32_t* sums,
                    int64_t stride) {
                  for (int64_t i = 0; i < rows; ++i, sums += stride) {
                    int32_t* to = c.as<int32_t>() + (m + i) * c.strides[0] + n * c.strides[1];
                    for (int64_t j = 0; j < columns; ++j) to[j * c.strides[1]] = sums[j];
                  }
                });
  return nullptr;
}

// A vector of floats, contiguous; zeros if it is absent.
std::vector<float> floats_of(const View& view, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count), 0.0f);
  if (!view.defined()) return values;
  for (int64_t i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = view.as<const float>()[i * view.strides[0]];
  }
  return values;
}

const char* int8_linear(const Call& call) {
  const View &x = call.in[0], &weight = call.in[1], &x_scale = call.in[2], &y = call.out[0];
  const std::vector<float> scale = floats_of(call.in[3], weight.sizes[0]);
  const std::vector<float> bias = floats_of(call.num_in > 4 ? call.in[4] : View(), weight.sizes[0]);
  const int64_t scale_stride = x_scale.sizes[0] == 1 ? 0 : x_scale.strides[0];
  multiply_int8(rows_of(x), rows_of(weight),
                [&](int64_t m, int64_t n, int64_t rows, int64_t columns, const int32_t* sums,
                    int64_t stride) {
                  for (int64_t i = 0; i < rows; ++i, sums += stride) {
                    const float row_scale = x_scale.as<const float>()[(m + i) * scale_stride];
                    const float *s = scale.data() + n, *b = bias.data() + n;
                    float* to = y.as<float>() + (m + i) * y.strides[0] + n * y.strides[1];
                    for (int64_t j = 0; j < columns; ++j) {
                      to[j * y.strides[1]] =
                          static_cast<float>(sums[j]) * (row_scale * s[j]) + b[j];
                    }
                  }
                });
  return nullptr;
}

}  // namespace

void register_int8(KernelTable& table) {
  table.add("_int_mm", int_mm);
  table.add("int8_linear", int8_linear);
  register_fixed(table);
}

}  // namespace reel::cpu::REEL_ISA
