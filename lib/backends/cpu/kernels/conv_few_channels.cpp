#include <cstring>
#include <vector>

#include <reel/backends/cpu/kernels/conv_hits.h>

// The gradient of an image of a few channels (a first layer's). As a sum over output channels for
// each pixel it would fill 3 lanes of a vector; instead every pixel of g is multiplied with all
// taps at once, [O] x [O, taps * C], and the products are gathered where the windows overlap.

namespace reel::cpu::REEL_ISA {
namespace {

// b [O][taps * C] packed into panels.
template <class T>
Storage pack_taps(const ConvShape& shape, const View& view) {
  const Weight<T> weight = weight_of<T>(view);
  const int64_t columns = shape.taps() * shape.channels, depth = shape.outputs;
  Storage packed =
      allocate_storage(sizeof(T) * static_cast<size_t>(padded_columns<T>(columns) * depth), kCPU);
  for_each_panel(columns, depth, static_cast<T*>(packed->data()),
                 [&](int64_t n, int64_t count, int vectors, T* panel) {
                   const int64_t width = vectors * kLanes<T>;
                   std::fill_n(panel, width * depth, T(0));
                   for (int64_t j = n; j < n + count; ++j) {
                     const int64_t tap = j / shape.channels, channel = j % shape.channels;
                     for (int64_t o = 0; o < depth; ++o) {
                       panel[o * width + j - n] = *weight.at(o, channel, tap / shape.kernel_width,
                                                             tap % shape.kernel_width);
                     }
                   }
                 });
  return packed;
}

// A panel of the gradient where y, if given, passed the relu, and 0 elsewhere, while the next
// panel is fetched from memory.
template <class T>
void pack_gated(const T* g, const T* y, int64_t rows, int64_t depth, T* panel) {
  constexpr int kL = kLanes<T>;
  const int64_t next = kTileRows * depth;
  for (int64_t r = 0; r < rows; ++r, g += depth) {
    for (int64_t k = 0; k < depth; k += kL) {
      const int lanes = static_cast<int>(std::min<int64_t>(kL, depth - k));
      Vec<T> value = load_n(g + k, lanes);
      __builtin_prefetch(g + k + next, 0, 2);
      if (y != nullptr) {
        value = select(load_n(y + k, lanes) > broadcast(T(0)), value, broadcast(T(0)));
        __builtin_prefetch(y + k + next, 0, 2);
      }
      store(panel + k * rows + r * kL, value);
    }
    if (y != nullptr) y += depth;
  }
}

// products[columns of output row `row`][taps * C].
template <class T>
void multiply_row(const ConvShape& shape, const T* g, const T* y, const T* packed, int64_t row,
                  T* products) {
  const int64_t columns = shape.taps() * shape.channels, depth = shape.outputs;
  const EvenSplit split(shape.out_width, kTileRows);
  T* panel = scratch<T>(Slot::panel_a, panel_size<T>(PanelOrder::by_vector, kTileRows, depth));
  for (int64_t i = 0; i < split.groups; ++i) {
    const int64_t first = (row * shape.out_width + split.begin(i)) * depth;
    pack_gated(g + first, y == nullptr ? nullptr : y + first, split.size(i), depth, panel);
    // What the groups after the next one read comes from memory meanwhile, of g and y in turn.
    const int64_t group = split.size(i) * depth;
    Ahead<T> ahead{(y != nullptr && i % 2 != 0 ? y : g) + first + 2 * group, 2 * group};
    multiply_panels<T>(
        PanelOrder::by_vector, split.size(i), columns, depth, panel,
        [&](int64_t n) { return packed + n * depth; }, {}, products + split.begin(i) * columns,
        columns, {}, &ahead);
  }
}

// For each input column, where the products that meet in it lie on a line of them.
struct Meetings {
  std::vector<int64_t> offsets;
  std::vector<size_t> first;  // of a column's offsets; one more than there are columns
  explicit Meetings(const ConvShape& shape) {
    const auto hits = gradient_hits(shape, 1);
    first.push_back(0);
    for (const auto& of_column : hits) {
      for (const Hit& hit : of_column) {
        offsets.push_back((hit.position * shape.taps() + hit.tap) * shape.channels);
      }
      first.push_back(offsets.size());
    }
  }
};

// out[channels] of an input column: the sums over lines of products, kWidth lanes at a time. Lanes
// beyond the channels hold other taps' products.
template <int kWidth, class T>
inline auto sum_column(const std::vector<const T*>& lines, const Meetings& meetings, size_t j) {
  using Lanes [[gnu::vector_size(kWidth * sizeof(T))]] = T;
  Lanes sum{};
  for (const T* line : lines) {
    for (size_t i = meetings.first[j]; i < meetings.first[j + 1]; ++i) {
      Lanes product;
      std::memcpy(&product, line + meetings.offsets[i], sizeof(product));
      sum += product;
    }
  }
  return sum;
}

template <int kWidth, class T>
void sum_row(const ConvShape& shape, const std::vector<const T*>& lines, const Meetings& meetings,
             T* out) {
  const T* const end = out + shape.width * shape.channels;
  for (size_t j = 0; j < static_cast<size_t>(shape.width); ++j, out += shape.channels) {
    const auto sum = sum_column<kWidth, T>(lines, meetings, j);
    // What is too much is overwritten by the next columns.
    if (end - out >= kWidth) {
      std::memcpy(out, &sum, sizeof(sum));
    } else {
      std::memcpy(out, &sum, sizeof(T) * static_cast<size_t>(shape.channels));
    }
  }
}

}  // namespace

template <class T>
void conv_few_channels_input_grad(const ConvShape& shape, const T* g, const T* y,
                                  const View& weight, T* dx) {
  const Storage packed = pack_taps<T>(shape, weight);
  const auto row_hits = gradient_hits(shape, 0);
  const Meetings meetings(shape);
  // Output rows that meet in an input row lie within so many.
  const int64_t live = (shape.kernel_height - 1) * shape.attrs.dilation[0] + 1;
  const int64_t line_size = shape.out_width * shape.taps() * shape.channels;
  // Output rows at both ends of a block are multiplied twice.
  const int64_t shared = shape.images * shape.height / kEnoughTasks + 1;
  const EvenSplit blocks(shape.height, std::max(shared, 2 * live));

  parallel_for(0, shape.images * blocks.groups, 1, [&](int64_t task, int64_t) {
    const int64_t image = task / blocks.groups, block = task % blocks.groups;
    T* ring = scratch<T>(Slot::tile, live * line_size + kLanes<T>);
    int64_t multiplied = 0;  // output rows below this are in the ring, or are not wanted any more
    std::vector<const T*> lines;
    for (int64_t i = blocks.begin(block); i < blocks.begin(block) + blocks.size(block); ++i) {
      const auto& hits = row_hits[static_cast<size_t>(i)];
      lines.clear();
      int64_t first = shape.out_height, last = 0;
      for (const Hit& hit : hits) {
        first = std::min(first, hit.position);
        last = std::max(last, hit.position + 1);
        lines.push_back(ring + hit.position % live * line_size +
                        hit.tap * shape.kernel_width * shape.channels);
      }
      if (!hits.empty()) multiplied = std::max(multiplied, first);
      for (; multiplied < last; ++multiplied) {
        multiply_row<T>(shape, g, y, static_cast<const T*>(packed->data()),
                        image * shape.out_height + multiplied,
                        ring + multiplied % live * line_size);
      }
      T* out = dx + (image * shape.height + i) * shape.width * shape.channels;
      if constexpr (kLanes < T >> 4) {
        if (shape.channels <= 4) {
          sum_row<4, T>(shape, lines, meetings, out);
          continue;
        }
      }
      sum_row<kLanes<T>, T>(shape, lines, meetings, out);
    }
  });
}

template void conv_few_channels_input_grad<float>(const ConvShape&, const float*, const float*,
                                                  const View&, float*);
template void conv_few_channels_input_grad<double>(const ConvShape&, const double*, const double*,
                                                   const View&, double*);

}  // namespace reel::cpu::REEL_ISA
