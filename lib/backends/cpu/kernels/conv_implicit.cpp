#include <reel/backends/cpu/kernels/conv_windows.h>
#include <reel/backends/weight_cache.h>

// Convolutions of any shape as implicit GEMM: which taps, which weights, and who solves it.

namespace reel::cpu::REEL_ISA {
namespace {

using namespace backends;

// Elements that a strided 1x1 convolution meets, from which on they are copied: less is packed as
// it lies.
constexpr int64_t kWorthCopying = 32768;

// Columns [n, n + count) of the weights of a tap, B [channel][output], into [depth][vectors * L].
template <class T>
void pack_tap(const Matrix<const T>& b, int64_t n, int64_t count, int vectors, int64_t k,
              int64_t depth, T* out) {
  if (b.row_stride == 1 || b.column_stride == 1) {
    return pack_columns<T>(b, n, count, vectors, k, depth, out);
  }
  // Far from each other are the columns: the channels of one are read in a row.
  const int64_t width = vectors * kLanes<T>;
  for (int64_t j = 0; j < width; ++j) {
    const T* from = b.at(k, n + std::min(j, count - 1));
    for (int64_t i = 0; i < depth; ++i) {
      out[i * width + j] = j < count ? from[i * b.row_stride] : T(0);
    }
  }
}

// Packs B of all groups: for each block of the depth, panels of [depth][vectors * L]. `input_grad`
// swaps the roles of the weight's outputs and channels.
template <class T>
Storage pack_weight(const TapProblem& problem, const View& view, bool input_grad) {
  const Weight<T> weight = weight_of<T>(view);
  const DepthBlocks<T> blocks(problem.depth());
  const int64_t padded = padded_columns<T>(problem.out_channels);
  const int64_t group_size = padded * problem.depth();
  Storage packed =
      allocate_storage(sizeof(T) * static_cast<size_t>(problem.groups * group_size), kCPU);
  const int64_t panels = EvenSplit(problem.out_channels, kTileColumns<T>).groups;
  parallel_for(0, problem.groups * panels, 1, [&](int64_t task, int64_t) {
    const int64_t group = task / panels, n = task % panels * kTileColumns<T>;
    const int64_t columns = std::min<int64_t>(problem.out_channels - n, kTileColumns<T>);
    const int vectors = panel_vectors<T>(n, problem.out_channels);
    T* data = static_cast<T*>(packed->data()) + group * group_size;
    for (int64_t k = 0, count = 0; k < blocks.depth; k += count) {
      const int64_t channel = k % problem.in_channels, k0 = k / blocks.step * blocks.step;
      count = std::min(problem.in_channels - channel, k0 + blocks.size(k0) - k);
      const Tap& tap = problem.taps[static_cast<size_t>(k / problem.in_channels)];
      const int64_t first = group * (input_grad ? problem.in_channels : problem.out_channels);
      const Matrix<const T> outputs_by_channels{
          weight.at(first, 0, tap.kernel_row, tap.kernel_column), weight.output_stride,
          weight.channel_stride};
      T* panel = data + k0 * padded + n * blocks.size(k0);
      pack_tap<T>(input_grad ? outputs_by_channels : outputs_by_channels.transposed(), n, columns,
                  vectors, channel, count, panel + (k - k0) * vectors * kLanes<T>);
    }
  });
  return packed;
}

// `detail` is what the choice and order of taps depends on beyond the weight's view.
template <class T>
Storage packed_weight(const TapProblem& problem, const View& weight, WeightForm form,
                      const std::array<int64_t, 8>& detail) {
  const WeightKey key(form, weight, detail);
  const WeightStamp stamp(weight);
  Storage packed = find_packed_weight(weight, key, stamp);
  if (packed) return packed;
  packed = pack_weight<T>(problem, weight, form == WeightForm::input_grad_panels);
  keep_packed_weight(weight, key, stamp, packed);
  return packed;
}

// Lines are worth it if they fill the rows of a micro-kernel and, copied, a cache; and if there are
// enough of them for all threads. A matrix is as well packed.
template <class T>
void solve(const TapProblem& problem, const T* x, const T* packed, const T* bias, T* y, bool relu) {
  const bool plain = problem.reads_every_pixel() && problem.writes_every_pixel();
  const int64_t most = problem.images * problem.rows < kEnoughTasks ? 224 : 1024;
  const bool by_lines = !plain && 2 * problem.columns >= kTileRows && problem.columns <= most;
  (by_lines ? solve_in_place<T> : solve_packed<T>)(problem, x, packed, bias, y, relu);
}

// Zeros at the positions of a problem without taps.
template <class T>
void clear(const TapProblem& problem, T* y) {
  const int64_t grain = 1 + 16384 / (problem.columns * problem.out_pixel());
  parallel_for(0, problem.images * problem.rows, grain, [&](int64_t line, int64_t line_end) {
    for (; line < line_end; ++line) {
      const int64_t row = line % problem.rows * problem.out_stride[0] + problem.out_origin[0];
      T* to = y + ((line / problem.rows * problem.out_height + row) * problem.out_width +
                   problem.out_origin[1]) *
                      problem.out_pixel();
      for (int64_t j = 0; j < problem.columns; ++j) {
        std::fill_n(to + j * problem.out_stride[1] * problem.out_pixel(), problem.out_pixel(),
                    T(0));
      }
    }
  });
}

TapProblem forward_problem(const ConvShape& shape) {
  TapProblem problem{{},
                     shape.images,
                     shape.attrs.groups,
                     shape.height,
                     shape.width,
                     shape.group_channels(),
                     shape.out_height,
                     shape.out_width,
                     shape.attrs.stride,
                     shape.out_height,
                     shape.out_width,
                     shape.group_outputs()};
  for (int64_t i = 0; i < shape.kernel_height; ++i) {
    for (int64_t j = 0; j < shape.kernel_width; ++j) {
      problem.taps.push_back({i * shape.attrs.dilation[0] - shape.attrs.padding[0],
                              j * shape.attrs.dilation[1] - shape.attrs.padding[1], i, j});
    }
  }
  return problem;
}

// dx at (i * stride + origin) gathers from g where a tap of the forward window hits that pixel:
// origin + padding - tap * dilation must be divisible by the stride.
TapProblem input_grad_problem(const ConvShape& shape, std::array<int64_t, 2> origin) {
  const ops::ConvAttrs& attrs = shape.attrs;
  TapProblem problem{{},
                     shape.images,
                     attrs.groups,
                     shape.out_height,
                     shape.out_width,
                     shape.group_outputs(),
                     (shape.height - origin[0] + attrs.stride[0] - 1) / attrs.stride[0],
                     (shape.width - origin[1] + attrs.stride[1] - 1) / attrs.stride[1],
                     {1, 1},
                     shape.height,
                     shape.width,
                     shape.group_channels(),
                     attrs.stride,
                     origin};
  for (int64_t i = 0; i < shape.kernel_height; ++i) {
    const int64_t row = origin[0] + attrs.padding[0] - i * attrs.dilation[0];
    if (row % attrs.stride[0] != 0) continue;
    for (int64_t j = 0; j < shape.kernel_width; ++j) {
      const int64_t column = origin[1] + attrs.padding[1] - j * attrs.dilation[1];
      if (column % attrs.stride[1] != 0) continue;
      problem.taps.push_back({row / attrs.stride[0], column / attrs.stride[1], i, j});
    }
  }
  return problem;
}

// The weight gradient of a 1x1 convolution, a product of two matrices of pixels. A is the narrower
// one: it is the dearer one to read.
template <class T>
void weight_grad_of_pixels(TapProblem problem, const T* g, const T* x, const View& dweight) {
  std::array<int64_t, 4> strides;
  std::copy_n(dweight.strides, 4, strides.begin());
  View result = dweight;
  result.strides = strides.data();
  if (problem.out_channels < problem.in_channels) {
    std::swap(problem.in_channels, problem.out_channels);
    std::swap(g, x);
    std::swap(strides[0], strides[1]);
  }
  // In place as long as the sums stay in the caches, if all threads have lines to add up.
  const bool by_lines = problem.columns <= 1024 && problem.positions() >= 6 * kBlockDepth;
  if (by_lines && problem.in_channels <= 128) {
    return weight_grad_in_place<T>(problem, g, x, result);
  }
  gemm<T>(problem.in_channels, problem.out_channels, problem.positions(),
          {x, 1, problem.in_channels}, {g, problem.out_channels, 1},
          {dweight.as<T>(), strides[1], strides[0]});
}

// The problem of the pixels that a strided 1x1 convolution without padding meets, copied to `met`.
template <class T>
TapProblem copy_met_pixels(TapProblem problem, const T* x, T* met) {
  const int64_t channels = problem.in_channels, columns = problem.columns;
  const int64_t grain = 1 + 16384 / (columns * channels);
  parallel_for(0, problem.images * problem.rows, grain, [&](int64_t line, int64_t line_end) {
    for (; line < line_end; ++line) {
      const int64_t row = line % problem.rows * problem.in_stride[0];
      const T* from =
          x + (line / problem.rows * problem.in_height + row) * problem.in_width * channels;
      for (int64_t j = 0; j < columns; ++j) {
        std::copy_n(from + j * problem.in_stride[1] * channels, channels,
                    met + (line * columns + j) * channels);
      }
    }
  });
  problem.in_stride = {1, 1};
  problem.in_height = problem.rows;
  problem.in_width = problem.columns;
  return problem;
}

}  // namespace

template <class T>
void conv_implicit(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y,
                   bool relu) {
  const TapProblem problem = forward_problem(shape);
  const Storage packed =
      packed_weight<T>(problem, weight, WeightForm::forward_panels, {problem.groups});
  solve<T>(problem, x, static_cast<const T*>(packed->data()), bias, y, relu);
}

Storage pack_weight(const ConvShape& shape, const View& weight) {
  return pack_weight<float>(forward_problem(shape), weight, false);
}
void conv_packed(const ConvShape& shape, const float* x, const Storage& packed, float* y) {
  solve<float>(forward_problem(shape), x, static_cast<const float*>(packed->data()), nullptr, y,
               false);
}

template <class T>
void conv_implicit_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx) {
  const auto &stride = shape.attrs.stride, &dilation = shape.attrs.dilation;
  const auto& padding = shape.attrs.padding;
  for (int64_t i = 0; i < std::min(stride[0], shape.height); ++i) {
    for (int64_t j = 0; j < std::min(stride[1], shape.width); ++j) {
      const TapProblem problem = input_grad_problem(shape, {i, j});
      if (problem.taps.empty()) {
        clear(problem, dx);
        continue;
      }
      const Storage packed =
          packed_weight<T>(problem, weight, WeightForm::input_grad_panels,
                           {problem.groups, stride[0], stride[1], dilation[0], dilation[1],
                            (i + padding[0]) % stride[0], (j + padding[1]) % stride[1]});
      solve<T>(problem, g, static_cast<const T*>(packed->data()), nullptr, dx, false);
    }
  }
}

template <class T>
void conv_implicit_weight_grad(const ConvShape& shape, const T* g, const T* x,
                               const View& dweight) {
  const TapProblem problem = forward_problem(shape);
  const bool lines = problem.columns <= 1024;
  const auto taps = static_cast<int64_t>(problem.taps.size());
  if (problem.reads_every_pixel() && problem.groups == 1) {
    return weight_grad_of_pixels<T>(problem, g, x, dweight);
  }
  const bool strided_pixels =
      taps == 1 && problem.groups == 1 && problem.taps[0].row == 0 && problem.taps[0].column == 0;
  if (strided_pixels && problem.positions() * problem.in_channels >= kWorthCopying) {
    const Storage copy = allocate_storage(
        sizeof(T) * static_cast<size_t>(problem.positions() * problem.in_channels), kCPU);
    T* met = static_cast<T*>(copy->data());
    return weight_grad_of_pixels<T>(copy_met_pixels(problem, x, met), g, met, dweight);
  }
  const bool overlap = taps > problem.in_stride[0] * problem.in_stride[1];
  if (lines && problem.in_channels <= kLanes<T>) {
    // Few channels: the windows of a line are read from L1 again and again, and the sums are small.
    weight_grad_in_place<T>(problem, g, x, dweight);
  } else if (lines && problem.positions() >= 2 * kBlockDepth && overlap) {
    // Taps share what is copied, and the sums are worth transposing.
    weight_grad_by_channels<T>(problem, g, x, dweight);
  } else {
    weight_grad_packed<T>(problem, g, x, dweight);
  }
}

template void conv_implicit<float>(const ConvShape&, const float*, const View&, const float*,
                                   float*, bool);
template void conv_implicit<double>(const ConvShape&, const double*, const View&, const double*,
                                    double*, bool);
template void conv_implicit_input_grad<float>(const ConvShape&, const float*, const View&, float*);
template void conv_implicit_input_grad<double>(const ConvShape&, const double*, const View&,
                                               double*);
template void conv_implicit_weight_grad<float>(const ConvShape&, const float*, const float*,
                                               const View&);
template void conv_implicit_weight_grad<double>(const ConvShape&, const double*, const double*,
                                                const View&);

}  // namespace reel::cpu::REEL_ISA
