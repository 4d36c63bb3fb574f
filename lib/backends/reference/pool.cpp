#include <algorithm>
#include <cmath>

#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/pool.h>

namespace reel::reference {
namespace {

// Calls body(x plane, y plane, oh, ow) for every output; planes are offsets of (n, c).
template <class Body>
void for_each_output(const View& x, const View& y, const Body& body) {
  for (int64_t n = 0; n < y.sizes[0]; ++n) {
    for (int64_t c = 0; c < y.sizes[1]; ++c) {
      for (int64_t oh = 0; oh < y.sizes[2]; ++oh) {
        for (int64_t ow = 0; ow < y.sizes[3]; ++ow) {
          body(n * x.strides[0] + c * x.strides[1], n * y.strides[0] + c * y.strides[1], oh, ow);
        }
      }
    }
  }
}

int64_t offset_in_plane(const View& view, int64_t h, int64_t w) {
  return h * view.strides[2] + w * view.strides[3];
}

const char* max_pool2d(const Call& call) {
  const auto& op = call.as<ops::MaxPool2d>();
  const View& x = call.in[0];
  const View& y = call.out[0];
  const View& indices = call.out[1];
  const int64_t height = x.sizes[2];
  const int64_t width = x.sizes[3];
  const bool done = RealTypes::visit(x.dtype, [&]<class T>() {
    for (int64_t n = 0; n < y.sizes[0]; ++n) {
      for (int64_t c = 0; c < y.sizes[1]; ++c) {
        const T* plane = x.as<const T>() + n * x.strides[0] + c * x.strides[1];
        for (int64_t oh = 0; oh < y.sizes[2]; ++oh) {
          for (int64_t ow = 0; ow < y.sizes[3]; ++ow) {
            int64_t best = -1;
            Compute<T> largest{};
            for (int64_t kh = 0; kh < op.kernel_size[0]; ++kh) {
              const int64_t h = oh * op.stride[0] - op.padding[0] + kh * op.dilation[0];
              if (h < 0 || h >= height) continue;
              for (int64_t kw = 0; kw < op.kernel_size[1]; ++kw) {
                const int64_t w = ow * op.stride[1] - op.padding[1] + kw * op.dilation[1];
                if (w < 0 || w >= width) continue;
                const auto value = convert<Compute<T>>(plane[offset_in_plane(x, h, w)]);
                if (best < 0 || value > largest || std::isnan(value)) {
                  best = h * width + w;
                  largest = value;
                }
              }
            }
            const int64_t* ys = y.strides;
            const int64_t* is = indices.strides;
            y.as<T>()[n * ys[0] + c * ys[1] + oh * ys[2] + ow * ys[3]] = convert<T>(largest);
            indices.as<int64_t>()[n * is[0] + c * is[1] + oh * is[2] + ow * is[3]] = best;
          }
        }
      }
    }
  });
  return done ? nullptr : kNoDtype;
}

// The sums of all gradients that reach an element of dx are rounded once.
template <class T, class Spread>
void accumulate_planes(const View& g, const View& dx, const Spread& spread) {
  const int64_t height = dx.sizes[2];
  const int64_t width = dx.sizes[3];
  std::vector<double> sums(static_cast<size_t>(height * width));
  for (int64_t n = 0; n < dx.sizes[0]; ++n) {
    for (int64_t c = 0; c < dx.sizes[1]; ++c) {
      std::fill(sums.begin(), sums.end(), 0.0);
      const T* slopes = g.as<const T>() + n * g.strides[0] + c * g.strides[1];
      for (int64_t oh = 0; oh < g.sizes[2]; ++oh) {
        for (int64_t ow = 0; ow < g.sizes[3]; ++ow) {
          spread(n, c, oh, ow, convert<double>(slopes[offset_in_plane(g, oh, ow)]), sums);
        }
      }
      T* plane = dx.as<T>() + n * dx.strides[0] + c * dx.strides[1];
      for (int64_t h = 0; h < height; ++h) {
        for (int64_t w = 0; w < width; ++w) {
          plane[offset_in_plane(dx, h, w)] = convert<T>(sums[static_cast<size_t>(h * width + w)]);
        }
      }
    }
  }
}

const char* max_pool2d_grad(const Call& call) {
  const View& g = call.in[0];
  const View& indices = call.in[1];
  const View& dx = call.out[0];
  const bool done = FloatTypes::visit(dx.dtype, [&]<class T>() {
    const auto spread = [&](auto n, auto c, auto oh, auto ow, double slope, auto& sums) {
      const int64_t* is = indices.strides;
      const int64_t target =
          indices.as<const int64_t>()[n * is[0] + c * is[1] + oh * is[2] + ow * is[3]];
      // -1 marks a window that lies in the padding alone.
      if (target >= 0) sums[static_cast<size_t>(target)] += slope;
    };
    accumulate_planes<T>(g, dx, spread);
  });
  return done ? nullptr : kNoDtype;
}

// The part of a window that lies inside the input, and what its sum is divided by.
struct Window {
  int64_t top, bottom, left, right;
  double divisor;
};

template <class Op>
Window window_at(const Op& op, int64_t oh, int64_t ow, int64_t height, int64_t width) {
  Window window{};
  window.top = oh * op.stride[0] - op.padding[0];
  window.left = ow * op.stride[1] - op.padding[1];
  window.bottom = std::min(window.top + op.kernel_size[0], height + op.padding[0]);
  window.right = std::min(window.left + op.kernel_size[1], width + op.padding[1]);
  const int64_t padded_area = (window.bottom - window.top) * (window.right - window.left);
  window.top = std::max<int64_t>(window.top, 0);
  window.left = std::max<int64_t>(window.left, 0);
  window.bottom = std::min(window.bottom, height);
  window.right = std::min(window.right, width);
  const int64_t area = (window.bottom - window.top) * (window.right - window.left);
  const int64_t counted = op.count_include_pad ? padded_area : area;
  window.divisor = static_cast<double>(op.divisor_override != 0 ? op.divisor_override : counted);
  return window;
}

const char* avg_pool2d(const Call& call) {
  const auto& op = call.as<ops::AvgPool2d>();
  const View& x = call.in[0];
  const View& y = call.out[0];
  const bool done = FloatTypes::visit(x.dtype, [&]<class T>() {
    for_each_output(x, y, [&](int64_t x_plane, int64_t y_plane, int64_t oh, int64_t ow) {
      const Window window = window_at(op, oh, ow, x.sizes[2], x.sizes[3]);
      double sum = 0;
      for (int64_t h = window.top; h < window.bottom; ++h) {
        for (int64_t w = window.left; w < window.right; ++w) {
          sum += convert<double>(x.as<const T>()[x_plane + offset_in_plane(x, h, w)]);
        }
      }
      const bool empty = window.top >= window.bottom || window.left >= window.right;
      y.as<T>()[y_plane + offset_in_plane(y, oh, ow)] =
          convert<T>(empty ? 0.0 : sum / window.divisor);
    });
  });
  return done ? nullptr : kNoDtype;
}

const char* avg_pool2d_grad(const Call& call) {
  const auto& op = call.as<ops::AvgPool2dGrad>();
  const View& g = call.in[0];
  const View& dx = call.out[0];
  const int64_t height = dx.sizes[2];
  const int64_t width = dx.sizes[3];
  const bool done = FloatTypes::visit(dx.dtype, [&]<class T>() {
    const auto spread = [&](auto, auto, auto oh, auto ow, double slope, auto& sums) {
      const Window window = window_at(op, oh, ow, height, width);
      for (int64_t h = window.top; h < window.bottom; ++h) {
        for (int64_t w = window.left; w < window.right; ++w) {
          sums[static_cast<size_t>(h * width + w)] += slope / window.divisor;
        }
      }
    };
    accumulate_planes<T>(g, dx, spread);
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_pool(KernelTable& table) {
  table.add(ops::MaxPool2d::name, max_pool2d);
  table.add(ops::MaxPool2dGrad::name, max_pool2d_grad);
  table.add(ops::AvgPool2d::name, avg_pool2d);
  table.add(ops::AvgPool2dGrad::name, avg_pool2d_grad);
}

}  // namespace reel::reference
