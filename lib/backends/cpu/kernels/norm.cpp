#include <algorithm>
#include <cmath>
#include <vector>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/fold.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/in_parts.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/norm.h>

namespace reel::cpu::REEL_ISA {
namespace {

// Elements that are worth another thread; also what two passes over a chunk find in the cache.
constexpr int64_t kChunk = 16384;

// The dimensions of all views but the channels', and the channels' strides.
struct Layout {
  Geometry places{3};
  int64_t channels = 0;
  int64_t count = 0;  // places of a channel
  int64_t channel_strides[3] = {0, 0, 0};
  bool channels_inside = false;  // neighbours in memory are channels of one place, for all views
  bool places_inside = false;    // neighbours are places of one channel
};

const char* make_layout(Layout& layout, const View* const* views) {
  const View& first = *views[0];
  for (int d = 0; d < first.rank; ++d) {
    int64_t strides[3];
    for (int v = 0; v < 3; ++v) strides[v] = views[v]->strides[d];
    if (d == 1) {
      std::copy_n(strides, 3, layout.channel_strides);
    } else if (!layout.places.add(first.sizes[d], strides)) {
      return kManyDims;
    }
  }
  layout.places.order_and_merge(0);
  layout.channels = first.sizes[1];
  layout.count = layout.places.numel();
  layout.channels_inside = layout.places_inside = true;
  for (int v = 0; v < 3; ++v) {
    layout.channels_inside = layout.channels_inside && layout.channel_strides[v] == 1;
    layout.places_inside = layout.places_inside && layout.places.inner_stride(v) == 1;
  }
  if (layout.channels_inside || layout.places_inside || layout.count == 1) return nullptr;
  return "layout";
}

// Mean and sum of squared distances from it.
struct Moments {
  double mean = 0;
  double squares = 0;
  double count = 0;

  // Chan, Golub and LeVeque 1979.
  void merge(const Moments& other) {
    if (count == 0) {
      *this = other;
      return;
    }
    const double total = count + other.count;
    const double distance = other.mean - mean;
    squares += other.squares + distance * distance * count * other.count / total;
    mean += distance * other.count / total;
    count = total;
  }
};

// One value a channel, for float kernels; `fallback` where the input is absent.
template <class T>
std::vector<T> channel_values(const Call& call, int input, int64_t channels, T fallback) {
  std::vector<T> values(static_cast<size_t>(channels), fallback);
  if (input < call.num_in && call.in[input].defined()) {
    const View& view = call.in[input];
    for (int64_t c = 0; c < channels; ++c) {
      values[static_cast<size_t>(c)] = view.as<const T>()[c * view.strides[0]];
    }
  }
  return values;
}
template <class T>
void store_channel(const View& view, int64_t c, double value) {
  if (view.defined()) view.as<T>()[c * view.strides[0]] = static_cast<T>(value);
}

// Calls body(a, b, out, n) for the runs of a channel's places.
template <class T, class Body>
void for_each_run(const Layout& layout, int64_t channel, const View* const* views,
                  const Body& body) {
  T* data[3];
  for (int v = 0; v < 3; ++v) data[v] = views[v]->as<T>() + channel * layout.channel_strides[v];
  Cursor cursor(layout.places, 0);
  for (int64_t position = 0; position < layout.count;) {
    const int64_t n = std::min(layout.places.inner_size() - cursor.inner(), kChunk);
    body(data[1] + cursor.offset(1), data[2] + cursor.offset(2), data[0] + cursor.offset(0), n);
    position += n;
    if (position < layout.count) cursor.advance(n);
  }
}

// Calls body(a, b, out) for the places [begin, end), each with all its channels side by side.
template <class T, class Body>
void for_each_place(const Layout& layout, int64_t begin, int64_t end, const View* const* views,
                    const Body& body) {
  Cursor cursor(layout.places, begin);
  for (int64_t position = begin; position < end; ++position) {
    body(views[1]->as<T>() + cursor.offset(1), views[2]->as<T>() + cursor.offset(2),
         views[0]->as<T>() + cursor.offset(0));
    if (position + 1 < end) cursor.advance(1);
  }
}

int64_t places_per_chunk(const Layout& layout) {
  return std::max<int64_t>(1, kChunk / layout.channels);
}

// totals[c] += f(a[c], b[c], c) summed over places; four at a time, so that double is met seldom.
template <class T, class F>
void add_places(const Layout& layout, int64_t begin, int64_t end, const View* const* views,
                double* totals, const F& f) {
  const int64_t a_step = layout.places.inner_stride(1);
  const int64_t b_step = layout.places.inner_stride(2);
  Cursor cursor(layout.places, begin);
  for (int64_t position = begin; position < end;) {
    const int64_t n =
        std::min<int64_t>({end - position, layout.places.inner_size() - cursor.inner(), 4});
    const T* a = views[1]->as<T>() + cursor.offset(1);
    const T* b = views[2]->as<T>() + cursor.offset(2);
    for (int64_t c = 0; n == 4 && c < layout.channels; ++c) {
      const T first = f(a[c], b[c], c) + f(a[c + a_step], b[c + b_step], c);
      const T second =
          f(a[c + 2 * a_step], b[c + 2 * b_step], c) + f(a[c + 3 * a_step], b[c + 3 * b_step], c);
      totals[c] += first + second;
    }
    for (int64_t i = 0; n < 4 && i < n; ++i) {
      for (int64_t c = 0; c < layout.channels; ++c) {
        totals[c] += f(a[c + i * a_step], b[c + i * b_step], c);
      }
    }
    position += n;
    if (position < end) cursor.advance(n);
  }
}

// Of one channel, its places being neighbours.
template <class T>
Moments channel_moments(const Layout& layout, int64_t channel, const View* const* views) {
  Moments result;
  for_each_run<T>(layout, channel, views, [&](const T* x, const T*, const T*, int64_t n) {
    const double mean = fold_run<SumFold, T>(x, n) / static_cast<double>(n);
    const Num<T> centre = mean;
    const auto square = [&](const Num<T>& a) { return (a - centre) * (a - centre); };
    // What rounding the centre to T does to the squares is far below their own rounding.
    const double squares = fold_map<SumFold, T>(n, square, x);
    result.merge({mean, squares, static_cast<double>(n)});
  });
  return result;
}

// Of all channels, which are neighbours.
template <class T>
std::vector<Moments> moments(const Layout& layout, const View* const* views) {
  const int64_t channels = layout.channels;
  std::vector<Moments> result(static_cast<size_t>(channels));
  const int64_t places = places_per_chunk(layout);
  const int64_t chunks = (layout.count + places - 1) / places;
  std::vector<double> sums(static_cast<size_t>(chunks * channels));
  std::vector<double> squares(sums.size());
  parallel_for(0, chunks, 1, [&](int64_t first, int64_t last) {
    std::vector<T> centre(static_cast<size_t>(channels));
    T* mean = centre.data();
    for (int64_t chunk = first; chunk < last; ++chunk) {
      double* sum = sums.data() + chunk * channels;
      double* square = squares.data() + chunk * channels;
      const int64_t begin = chunk * places;
      const int64_t end = std::min(begin + places, layout.count);
      add_places<T>(layout, begin, end, views, sum, [](T x, T, int64_t) { return x; });
      const double scale = 1 / static_cast<double>(end - begin);
      for (int64_t c = 0; c < channels; ++c) mean[c] = static_cast<T>(sum[c] * scale);
      add_places<T>(layout, begin, end, views, square,
                    [&](T x, T, int64_t c) { return (x - mean[c]) * (x - mean[c]); });
    }
  });
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const auto n = static_cast<double>(std::min(places, layout.count - chunk * places));
    for (int64_t c = 0; c < channels; ++c) {
      const auto at = static_cast<size_t>(chunk * channels + c);
      result[static_cast<size_t>(c)].merge({sums[at] / n, squares[at], n});
    }
  }
  return result;
}

// out = f(a, b, one value a channel of each of two or three lists) everywhere.
template <class T, class F>
void transform(const Layout& layout, const View* const* views, const F& f,
               const std::vector<T>& first, const std::vector<T>& second,
               const std::vector<T>& third, const std::vector<T>& fourth) {
  const T* p = first.data();
  const T* q = second.data();
  const T* r = third.data();
  const T* s = fourth.data();
  if (layout.channels_inside) {
    parallel_for(0, layout.count, places_per_chunk(layout), [&](int64_t begin, int64_t end) {
      for_each_place<T>(layout, begin, end, views, [&](const T* a, const T* b, T* out) {
        for (int64_t c = 0; c < layout.channels; ++c)
          out[c] = f(a[c], b[c], p[c], q[c], r[c], s[c]);
      });
    });
    return;
  }
  const int64_t grain = std::max<int64_t>(1, kChunk / layout.count);
  parallel_for(0, layout.channels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const T values[] = {p[c], q[c], r[c], s[c]};
      for_each_run<T>(layout, c, views, [&](const T* a, const T* b, T* out, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          out[i] = f(a[i], b[i], values[0], values[1], values[2], values[3]);
        }
      });
    }
  });
}

// A few channels' values of an optional input, `fallback` where it is absent.
template <class T>
Num<T> some_values(const Call& call, int input, int64_t channel, int count, T fallback) {
  T values[kLanes<T>];
  std::fill_n(values, kLanes<T>, fallback);
  if (input < call.num_in && call.in[input].defined()) {
    const View& view = call.in[input];
    for (int r = 0; r < count; ++r) {
      values[r] = view.as<const T>()[(channel + r) * view.strides[0]];
    }
  }
  return load(values);
}

// Channels of few places, which are neighbours, a few at a time.
template <class T>
void forward_short(const Call& call, const ops::BatchNorm& op, const Layout& layout,
                   const View* const* views) {
  constexpr int64_t kStep = kLanes<T>;
  const int64_t n = layout.count, stride = layout.channel_strides[1];
  parallel_for(0, layout.channels, kChunk / n, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kStep) {
      const int count = static_cast<int>(std::min(kStep, end - c));
      const T* x = views[1]->as<T>() + c * stride;
      T means[kStep], scales[kStep], biases[kStep];
      const Num<T> mean =
          fold_rows<SumFold, T>(
              count, n, [&](int r, int64_t i, int m) { return load_part(x + r * stride + i, m); }) /
          n;
      store(means, mean.v);
      const Num<T> variance =
          fold_rows<SumFold, T>(count, n,
                                [&](int r, int64_t i, int m) {
                                  const Num<T> distance =
                                      load_part(x + r * stride + i, m) - means[r];
                                  return distance * distance;
                                }) /
          n;
      const Num<T> inverse = 1 / sqrt(variance + op.eps);
      store(scales, inverse.v);
      for (int r = 0; r < count; ++r) {
        store_channel<T>(call.out[1], c + r, means[r]);
        store_channel<T>(call.out[2], c + r, scales[r]);
      }
      store(scales, (inverse * some_values<T>(call, 1, c, count, 1)).v);
      store(biases, some_values<T>(call, 2, c, count, 0).v);
      for (int r = 0; r < count; ++r) {
        T* y = views[0]->as<T>() + (c + r) * layout.channel_strides[0];
        for (int64_t i = 0; i < n; i += kStep) {
          const int m = static_cast<int>(std::min(kStep, n - i));
          const Num<T> distance = load_part(x + r * stride + i, m) - means[r];
          store_part<T>(y + i, distance * scales[r] + biases[r], m);
        }
      }
    }
  });
}

template <class T>
const char* forward(const Call& call, const ops::BatchNorm& op, const Layout& layout,
                    const View* const* views) {
  const int64_t channels = layout.channels;
  if (op.training && !layout.channels_inside && layout.places.rank() <= 1 &&
      layout.count <= kShortRow<T>) {
    return forward_short<T>(call, op, layout, views), nullptr;
  }
  std::vector<T> means = channel_values<T>(call, 3, channels, 0);
  const std::vector<T> variances = channel_values<T>(call, 4, channels, 1);
  std::vector<T> scales = channel_values<T>(call, 1, channels, 1);
  const std::vector<T> biases = channel_values<T>(call, 2, channels, 0);
  const auto prepare = [&](int64_t c, const Moments& batch) {
    const auto at = static_cast<size_t>(c);
    double mean = means[at];
    double variance = variances[at];
    if (op.training) {
      mean = batch.mean;
      variance = batch.squares / batch.count;
    }
    const double inverse = 1 / std::sqrt(variance + op.eps);
    store_channel<T>(call.out[1], c, mean);
    store_channel<T>(call.out[2], c, inverse);
    means[at] = static_cast<T>(mean);
    scales[at] = static_cast<T>(scales[at] * inverse);
  };
  const auto normalized = [](const auto& x, const auto& mean, const auto& scale, const auto& bias) {
    return (x - mean) * scale + bias;
  };
  if (!layout.channels_inside) {
    // One after the other, so that a channel's places are read again while they are in the cache.
    const int64_t grain = std::max<int64_t>(1, kChunk / layout.count);
    parallel_for(0, channels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        prepare(c, op.training ? channel_moments<T>(layout, c, views) : Moments());
        const auto at = static_cast<size_t>(c);
        const Num<T> mean = means[at], scale = scales[at], bias = biases[at];
        for_each_run<T>(layout, c, views, [&](const T* x, const T*, T* out, int64_t n) {
          map(
              out, n, [&](const Num<T>& a) { return normalized(a, mean, scale, bias); }, x);
        });
      }
    });
    return nullptr;
  }
  std::vector<Moments> batch(op.training ? 0 : static_cast<size_t>(channels));
  if (op.training) batch = moments<T>(layout, views);
  for (int64_t c = 0; c < channels; ++c) prepare(c, batch[static_cast<size_t>(c)]);
  transform<T>(
      layout, views,
      [&](T x, T, T mean, T scale, T bias, T) { return normalized(x, mean, scale, bias); }, means,
      scales, biases, biases);
  return nullptr;
}

// Half and bfloat16, in floats; channels that are neighbours in memory are not taken apart.
const char* narrow_norm(const Call& call, Kernel kernel, bool grad) {
  const View& x = call.in[0];
  Cut cut;
  const bool apart = x.strides[1] != 1;
  for (int i = 0; apart && i < call.num_in; ++i) cut.in[i] = i == 0 || (grad && i == 1) ? 1 : 0;
  for (int i = 0; apart && i < call.num_out; ++i) cut.out[i] = i == 0 ? 1 : 0;
  return run_in_parts(call, kernel, cut);
}

// Runs kernel(layout, views), where the views are the output and two inputs; where the layouts of
// these do not go together, the inputs are copies that lie as the output does.
template <class Kernel>
const char* with_layout(const Call& call, const View& a, const View& b, const Kernel& kernel) {
  if (a.numel == 0) return "empty";
  for (int i = 1; i < call.num_in; ++i) {
    if (call.in[i].defined() && call.in[i].dtype != a.dtype) return "mixed dtypes";
  }
  const View& out = call.out[0];
  const View* views[] = {&out, &a, &b};
  Layout layout;
  const char* reason = make_layout(layout, views);
  if (reason == nullptr) return kernel(layout, views);
  if (!is_dense(out)) return reason;
  const Aligned first(a, out);
  const Aligned second(b, out);
  const View* aligned[] = {&out, &first.view(), &second.view()};
  layout = Layout();
  reason = make_layout(layout, aligned);
  return reason == nullptr ? kernel(layout, aligned) : reason;
}

const char* batch_norm(const Call& call) {
  const View& x = call.in[0];
  if (is_narrow(x.dtype)) return narrow_norm(call, batch_norm, false);
  const auto& op = call.as<ops::BatchNorm>();
  return with_layout(call, x, x, [&](const Layout& layout, const View* const* views) {
    switch (x.dtype) {
      case kFloat:
        return forward<float>(call, op, layout, views);
      case kDouble:
        return forward<double>(call, op, layout, views);
      default:
        return kNoDtype;
    }
  });
}

// Sums over a channel of g, and of g times the distance of x from the mean.
struct GradSums {
  double slope = 0;
  double product = 0;
};

template <class T>
std::vector<GradSums> grad_sums(const Layout& layout, const View* const* views,
                                const std::vector<T>& means) {
  const int64_t channels = layout.channels;
  std::vector<GradSums> result(static_cast<size_t>(channels));
  if (!layout.channels_inside) {
    const int64_t grain = std::max<int64_t>(1, kChunk / layout.count);
    parallel_for(0, channels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        GradSums& sums = result[static_cast<size_t>(c)];
        const Num<T> mean = means[static_cast<size_t>(c)];
        for_each_run<T>(layout, c, views, [&](const T* g, const T* x, const T*, int64_t n) {
          sums.slope += fold_run<SumFold, T>(g, n);
          sums.product += fold_map<SumFold, T>(
              n, [&](const Num<T>& a, const Num<T>& b) { return a * (b - mean); }, g, x);
        });
      }
    });
    return result;
  }
  const int64_t places = places_per_chunk(layout);
  const int64_t chunks = (layout.count + places - 1) / places;
  std::vector<double> slopes(static_cast<size_t>(chunks * channels));
  std::vector<double> products(slopes.size());
  parallel_for(0, chunks, 1, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) {
      const T* mean = means.data();
      const int64_t begin = chunk * places;
      const int64_t end = std::min(begin + places, layout.count);
      add_places<T>(layout, begin, end, views, slopes.data() + chunk * channels,
                    [](T g, T, int64_t) { return g; });
      add_places<T>(layout, begin, end, views, products.data() + chunk * channels,
                    [&](T g, T x, int64_t c) { return g * (x - mean[c]); });
    }
  });
  for (int64_t i = 0; i < chunks * channels; ++i) {
    result[static_cast<size_t>(i % channels)].slope += slopes[static_cast<size_t>(i)];
    result[static_cast<size_t>(i % channels)].product += products[static_cast<size_t>(i)];
  }
  return result;
}

// With n = (x - mean) * inverse: dbias = sum g, dweight = sum g n, and in training
// dx = weight * inverse * (g - dbias / count - n * dweight / count).
template <class T>
const char* backward(const Call& call, const ops::BatchNormGrad& op, const Layout& layout,
                     const View* const* views) {
  const int64_t channels = layout.channels;
  const std::vector<T> means = channel_values<T>(call, 3, channels, 0);
  const std::vector<T> inverses = channel_values<T>(call, 4, channels, 1);
  std::vector<T> scales = channel_values<T>(call, 2, channels, 1);
  std::vector<T> mean_slopes(means.size());
  std::vector<T> mean_products(means.size());
  const std::vector<GradSums> sums = grad_sums<T>(layout, views, means);
  for (int64_t c = 0; c < channels; ++c) {
    const auto at = static_cast<size_t>(c);
    const double inverse = inverses[at];
    const double dweight = sums[at].product * inverse;
    store_channel<T>(call.out[1], c, dweight);
    store_channel<T>(call.out[2], c, sums[at].slope);
    scales[at] = static_cast<T>(scales[at] * inverse);
    if (op.training) {
      const auto count = static_cast<double>(layout.count);
      mean_slopes[at] = static_cast<T>(sums[at].slope / count);
      mean_products[at] = static_cast<T>(dweight * inverse / count);
    }
  }
  transform<T>(
      layout, views,
      [](T g, T x, T mean, T scale, T slope, T product) {
        return (g - slope - (x - mean) * product) * scale;
      },
      means, scales, mean_slopes, mean_products);
  return nullptr;
}

const char* batch_norm_grad(const Call& call) {
  const View& g = call.in[0];
  if (is_narrow(g.dtype)) return narrow_norm(call, batch_norm_grad, true);
  const auto& op = call.as<ops::BatchNormGrad>();
  return with_layout(call, g, call.in[1], [&](const Layout& layout, const View* const* views) {
    switch (g.dtype) {
      case kFloat:
        return backward<float>(call, op, layout, views);
      case kDouble:
        return backward<double>(call, op, layout, views);
      default:
        return kNoDtype;
    }
  });
}

}  // namespace

void register_norm(KernelTable& table) {
  table.add(ops::BatchNorm::name, batch_norm);
  table.add(ops::BatchNormGrad::name, batch_norm_grad);
}

}  // namespace reel::cpu::REEL_ISA
