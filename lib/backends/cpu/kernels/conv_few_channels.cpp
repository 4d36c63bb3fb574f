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

// Sets to 0 what did not pass the relu, in a panel of `rows` rows of the gradient.
template <class T>
void gate_panel(const T* y, int64_t rows, int64_t depth, T* panel) {
  constexpr int kL = kLanes<T>;
  for (int64_t r = 0; r < rows; ++r, y += depth) {
    for (int64_t k = 0; k < depth; k += kL) {
      const Vec<T> passed = load_n(y + k, static_cast<int>(std::min<int64_t>(kL, depth - k)));
      T* g = panel + k * rows + r * kL;
      store(g, select(passed > broadcast(T(0)), load(g), broadcast(T(0))));
    }
  }
}

// products[columns of an output row][taps * C] for `count` output rows from `first` on.
template <class T>
void multiply_rows(const ConvShape& shape, const T* g, const T* y, const T* packed, int64_t first,
                   int64_t count, T* products) {
  const int64_t columns = shape.taps() * shape.channels, depth = shape.outputs;
  const EvenSplit split(count * shape.out_width, kTileRows);
  const Matrix<const T> a{g + first * shape.out_width * depth, depth, 1};
  T* panel = scratch<T>(Slot::panel_a, panel_size<T>(PanelOrder::by_vector, kTileRows, depth));
  for (int64_t i = 0; i < split.groups; ++i) {
    pack_rows<T>(PanelOrder::by_vector, a, split.begin(i), split.size(i), 0, depth, panel);
    if (y != nullptr) {
      gate_panel(y + (first * shape.out_width + split.begin(i)) * depth, split.size(i), depth,
                 panel);
    }
    multiply_panels<T>(PanelOrder::by_vector, split.size(i), columns, depth, panel, packed, {},
                       products + split.begin(i) * columns, columns);
  }
}

}  // namespace

template <class T>
void conv_few_channels_input_grad(const ConvShape& shape, const T* g, const T* y,
                                  const View& weight, T* dx) {
  const ops::ConvAttrs& attrs = shape.attrs;
  const int64_t channels = shape.channels, columns = shape.taps() * channels;
  const Storage packed = pack_taps<T>(shape, weight);
  const auto row_hits = gradient_hits(shape, 0), column_hits = gradient_hits(shape, 1);
  // Output rows at both ends of a block are multiplied twice; this many keep that small and the
  // products in L2.
  const int64_t halo = (shape.kernel_height - 1) * attrs.dilation[0];
  const auto row_bytes = static_cast<int64_t>(sizeof(T)) * shape.out_width * columns;
  const int64_t fitting =
      std::max((int64_t{768} << 10) / row_bytes * attrs.stride[0] - halo, 2 * halo + 1);
  const int64_t shared = shape.images * shape.height / kEnoughTasks + 1;
  const EvenSplit blocks(shape.height, std::min(fitting, shared));

  parallel_for(0, shape.images * blocks.groups, 1, [&](int64_t task, int64_t) {
    const int64_t image = task / blocks.groups, block = task % blocks.groups;
    const int64_t row = blocks.begin(block), rows = blocks.size(block);
    // Output rows whose windows reach these input rows.
    int64_t first = shape.out_height, last = 0;
    for (int64_t i = row; i < row + rows; ++i) {
      for (const Hit& hit : row_hits[static_cast<size_t>(i)]) {
        first = std::min(first, hit.position);
        last = std::max(last, hit.position + 1);
      }
    }
    last = std::max(first, last);
    T* products = scratch<T>(Slot::tile, (last - first) * shape.out_width * columns + kLanes<T>);
    multiply_rows<T>(shape, g, y, static_cast<const T*>(packed->data()),
                     image * shape.out_height + first, last - first, products);
    T* out = dx + (image * shape.height + row) * shape.width * channels;
    for (int64_t i = row; i < row + rows; ++i) {
      for (int64_t j = 0; j < shape.width; ++j, out += channels) {
        Vec<T> sum = broadcast(T(0));
        for (const Hit& hit : row_hits[static_cast<size_t>(i)]) {
          const T* line = products + (hit.position - first) * shape.out_width * columns +
                          hit.tap * shape.kernel_width * channels;
          for (const Hit& at : column_hits[static_cast<size_t>(j)]) {
            // Lanes beyond the channels hold other taps' products and are not stored.
            sum = sum + load(line + at.position * columns + at.tap * channels);
          }
        }
        store_n(out, sum, static_cast<int>(channels));
      }
    }
  });
}

template void conv_few_channels_input_grad<float>(const ConvShape&, const float*, const float*,
                                                  const View&, float*);
template void conv_few_channels_input_grad<double>(const ConvShape&, const double*, const double*,
                                                   const View&, double*);

}  // namespace reel::cpu::REEL_ISA
