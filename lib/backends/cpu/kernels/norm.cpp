#include <algorithm>
#include <cmath>
#include <vector>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/fold.h>
#include <reel/backends/cpu/kernels/gemm_tiles.h>
#include <reel/backends/cpu/kernels/geometry.h>
#include <reel/backends/cpu/kernels/in_parts.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/parallel.h>
#include <reel/tensor/ops/norm.h>

namespace reel::cpu::REEL_ISA {
namespace {

// Elements that are worth another thread; also what two passes over a chunk find in the cache.
constexpr int64_t kChunk = 16384;

// Channels in whole vectors, of any T.
int64_t padded(int64_t channels) {
  return (channels + kLanes<float> - 1) / kLanes<float> * kLanes<float>;
}

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

// One value a channel, whole vectors of them; `fallback` where the input is absent.
template <class T>
std::vector<T> channel_values(const Call& call, int input, int64_t channels, T fallback) {
  std::vector<T> values(static_cast<size_t>(padded(channels)), fallback);
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

// Calls body(a, b, out, n) for the places [begin, end), each with all its channels side by side,
// `n` of them evenly spaced.
template <class T, class Body>
void for_each_place_run(const Layout& layout, int64_t begin, int64_t end, const View* const* views,
                        const Body& body) {
  Cursor cursor(layout.places, begin);
  for (int64_t position = begin; position < end;) {
    const int64_t n = std::min(end - position, layout.places.inner_size() - cursor.inner());
    body(views[1]->as<T>() + cursor.offset(1), views[2]->as<T>() + cursor.offset(2),
         views[0]->as<T>() + cursor.offset(0), n);
    position += n;
    if (position < end) cursor.advance(n);
  }
}

int64_t places_per_chunk(const Layout& layout) {
  return std::max<int64_t>(1, kChunk / layout.channels);
}

// totals[c] += f(a[c], b[c], values[c]) summed over places; eight at a time, so that double is met
// seldom.
template <class T, class F>
void add_places(const Layout& layout, int64_t begin, int64_t end, const View* const* views,
                const T* values, double* totals, const F& f) {
  constexpr int64_t kStep = kLanes<T>, kPlaces = 8;
  const int64_t a_step = layout.places.inner_stride(1);
  const int64_t b_step = layout.places.inner_stride(2);
  const auto add = [&](const T* a, const T* b, int64_t n) {
    for (int64_t c = 0; c < layout.channels; c += kStep) {
      const int lanes = static_cast<int>(std::min(kStep, layout.channels - c));
      const Num<T> value = load(values + c);
      Num<T> sum = 0;
      for (int64_t i = 0; i < n; ++i) {
        const T* from = a + i * a_step + c;
        sum = sum + f(load_part(from, lanes), load_part(b + i * b_step + c, lanes), value);
      }
      T sums[kStep];
      store(sums, sum.v);
      if (lanes == kStep) {
        for (int64_t l = 0; l < kStep; ++l) totals[c + l] += sums[l];
      } else {
        for (int64_t l = 0; l < lanes; ++l) totals[c + l] += sums[l];
      }
    }
  };
  for_each_place_run<T>(layout, begin, end, views, [&](const T* a, const T* b, T*, int64_t n) {
    for (; n > 0; n -= kPlaces, a += kPlaces * a_step, b += kPlaces * b_step) {
      add(a, b, std::min(n, kPlaces));
    }
  });
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

// Moments of as many places of each channel.
struct ChannelMoments {
  std::vector<double> means, squares;
  double count = 0;
  explicit ChannelMoments(int64_t channels)
      : means(static_cast<size_t>(channels)), squares(static_cast<size_t>(channels)) {}

  // Of `n` more places, what they sum up to and the squares of their distances from its mean.
  void merge(const double* sum, const double* square, double n) {
    const double total = count + n, share = n / total, weight = count * share;
    for (size_t c = 0; c < means.size(); ++c) {
      const double distance = sum[c] / n - means[c];
      squares[c] += square[c] + distance * distance * weight;
      means[c] += distance * share;
    }
    count = total;
  }
  void merge(const ChannelMoments& other) {
    std::vector<double> sums(other.means);
    for (double& sum : sums) sum *= other.count;
    merge(sums.data(), other.squares.data(), other.count);
  }
  Moments at(int64_t c) const {
    return {means[static_cast<size_t>(c)], squares[static_cast<size_t>(c)], count};
  }
};

// Calls body(task, begin, end) for chunks of places that stay in the cache, those of a task in
// order; tasks are few and do not depend on the threads. Returns how many there are.
template <class Body>
int64_t for_each_chunk(const Layout& layout, const Body& body) {
  const int64_t places = places_per_chunk(layout);
  const EvenSplit chunks(layout.count, places);
  const EvenSplit tasks(chunks.groups, (chunks.groups + kEnoughTasks - 1) / kEnoughTasks);
  parallel_for(0, tasks.groups, 1, [&](int64_t task, int64_t) {
    const int64_t end = tasks.begin(task) + tasks.size(task);
    for (int64_t chunk = tasks.begin(task); chunk < end; ++chunk) {
      body(task, chunks.begin(chunk), chunks.begin(chunk) + chunks.size(chunk));
    }
  });
  return tasks.groups;
}

// Of all channels, which are neighbours.
template <class T>
ChannelMoments moments(const Layout& layout, const View* const* views) {
  const int64_t channels = layout.channels;
  std::vector<ChannelMoments> parts(kEnoughTasks, ChannelMoments(channels));
  const int64_t tasks = for_each_chunk(layout, [&](int64_t task, int64_t begin, int64_t end) {
    double* sum = scratch<double>(Slot::row, 2 * channels);
    double* square = sum + channels;
    T* mean = scratch<T>(Slot::tile, padded(channels));
    std::fill_n(sum, 2 * channels, 0.0);
    std::fill_n(mean, padded(channels), T(0));
    add_places<T>(layout, begin, end, views, mean, sum,
                  [](const Num<T>& x, const Num<T>&, const Num<T>&) { return x; });
    const auto n = static_cast<double>(end - begin);
    for (int64_t c = 0; c < channels; ++c) mean[c] = static_cast<T>(sum[c] / n);
    // What rounding the centre to T does to the squares is far below their own rounding.
    add_places<T>(layout, begin, end, views, mean, square,
                  [](const Num<T>& x, const Num<T>&, const Num<T>& centre) {
                    return (x - centre) * (x - centre);
                  });
    parts[static_cast<size_t>(task)].merge(sum, square, n);
  });
  for (int64_t task = 1; task < tasks; ++task) parts[0].merge(parts[static_cast<size_t>(task)]);
  return parts[0];
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
      for_each_place_run<T>(layout, begin, end, views,
                            [&](const T* a, const T* b, T* out, int64_t n) {
                              for (int64_t i = 0; i < n; ++i) {
                                map(out, layout.channels, f, a, b, p, q, r, s);
                                a += layout.places.inner_stride(1);
                                b += layout.places.inner_stride(2);
                                out += layout.places.inner_stride(0);
                              }
                            });
    });
    return;
  }
  const int64_t grain = std::max<int64_t>(1, kChunk / layout.count);
  parallel_for(0, layout.channels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const Num<T> values[] = {p[c], q[c], r[c], s[c]};
      const auto of_channel = [&](const Num<T>& a, const Num<T>& b) {
        return f(a, b, values[0], values[1], values[2], values[3]);
      };
      for_each_run<T>(layout, c, views, [&](const T* a, const T* b, T* out, int64_t n) {
        map(out, n, of_channel, a, b);
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

// `count` channels from c on, of n places each that are neighbours; rows of x and y.
template <class T>
void forward_rows(const Call& call, const ops::BatchNorm& op, int64_t c, int count, int64_t n,
                  const T* x, int64_t x_stride, T* y, int64_t y_stride) {
  T means[kLanes<T>], scales[kLanes<T>], biases[kLanes<T>];
  // While it computes, the CPU by itself looks too little ahead: what is written below, then what
  // the next rows are read from, is fetched.
  const Num<T> sum = fold_rows<SumFold, T>(count, n, [&](int r, int64_t i, int m) {
    __builtin_prefetch(y + r * y_stride + i, 1);
    return load_part(x + r * x_stride + i, m);
  });
  store(means, (sum / n).v);
  const Num<T> squares = fold_rows<SumFold, T>(count, n, [&](int r, int64_t i, int m) {
    __builtin_prefetch(x + (count + r) * x_stride + i);
    const Num<T> distance = load_part(x + r * x_stride + i, m) - means[r];
    return distance * distance;
  });
  const Num<T> inverse = 1 / sqrt(squares / n + op.eps);
  store(scales, inverse.v);
  for (int r = 0; r < count; ++r) {
    store_channel<T>(call.out[1], c + r, means[r]);
    store_channel<T>(call.out[2], c + r, scales[r]);
  }
  store(scales, (inverse * some_values<T>(call, 1, c, count, 1)).v);
  store(biases, some_values<T>(call, 2, c, count, 0).v);
  for (int r = 0; r < count; ++r, x += x_stride, y += y_stride) {
    const Num<T> centre = means[r], scale = scales[r], bias = biases[r];
    for_parts<T>(n, [&](int64_t i, int m) {
      store_part<T>(y + i, (load_part(x + i, m) - centre) * scale + bias, m);
    });
  }
}

// Channels of few places, which are neighbours, a few at a time.
template <class T>
void forward_short(const Call& call, const ops::BatchNorm& op, const Layout& layout,
                   const View* const* views) {
  const int64_t x_stride = layout.channel_strides[1], y_stride = layout.channel_strides[0];
  parallel_for(0, layout.channels, kChunk / layout.count, [&](int64_t c, int64_t end) {
    for (int64_t count = 0; c < end; c += count) {
      count = std::min<int64_t>(kLanes<T>, end - c);
      forward_rows<T>(call, op, c, static_cast<int>(count), layout.count,
                      views[1]->as<T>() + c * x_stride, x_stride, views[0]->as<T>() + c * y_stride,
                      y_stride);
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
  const ChannelMoments batch = op.training ? moments<T>(layout, views) : ChannelMoments(channels);
  for (int64_t c = 0; c < channels; ++c) prepare(c, batch.at(c));
  transform<T>(
      layout, views,
      [&](const auto& x, const auto&, const auto& mean, const auto& scale, const auto& bias,
          const auto&) { return normalized(x, mean, scale, bias); },
      means, scales, biases, biases);
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
  std::vector<double> slopes(static_cast<size_t>(kEnoughTasks * channels));
  std::vector<double> products(slopes.size());
  const int64_t tasks = for_each_chunk(layout, [&](int64_t task, int64_t begin, int64_t end) {
    add_places<T>(layout, begin, end, views, means.data(), slopes.data() + task * channels,
                  [](const Num<T>& g, const Num<T>&, const Num<T>&) { return g; });
    add_places<T>(
        layout, begin, end, views, means.data(), products.data() + task * channels,
        [](const Num<T>& g, const Num<T>& x, const Num<T>& centre) { return g * (x - centre); });
  });
  for (int64_t i = 0; i < tasks * channels; ++i) {
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
      [](const auto& g, const auto& x, const auto& mean, const auto& scale, const auto& slope,
         const auto& product) { return (g - slope - (x - mean) * product) * scale; },
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
