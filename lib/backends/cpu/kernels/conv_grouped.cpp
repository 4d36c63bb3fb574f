#include <cstring>

#include <reel/backends/cpu/kernels/conv_hits.h>
#include <reel/backends/cpu/kernels/unroll.h>

// Groups of 1 (depthwise), 2, 4 or 8 channels in and as many out: several groups side by side in
// the lanes of a vector. With R rotating each group's lanes, y = sum over r of R^r (sum over taps
// of x w_r), where lane c of w_r holds the weight from channel c to output c - r of its group: as
// many sums as a group has channels, and nothing crosses lanes before their end.

namespace reel::cpu::REEL_ISA {
namespace {

// Lane l of the result is the lane of its group that is kBy further on, around the group's end.
template <int kGroup, int kBy, class T>
inline Vec<T> rotate(const Vec<T>& v) {
  if constexpr (kBy == 0) {
    return v;
  } else {
    using Lanes [[gnu::vector_size(sizeof(Vec<T>))]] = T;
    const auto lanes = std::bit_cast<Lanes>(v);
    return [&]<int... kI>(std::integer_sequence<int, kI...>) {
      return std::bit_cast<Vec<T>>(
          __builtin_shufflevector(lanes, lanes, (kI - kI % kGroup + (kI + kBy) % kGroup)...));
    }
    (std::make_integer_sequence<int, kLanes<T>>());
  }
}

// The weight as [tap][r][channel]: from input c to output c - r, or for a gradient from output o to
// input o - r.
template <class T, int kGroup>
Storage by_rotation(const ConvShape& shape, const View& view, bool input_grad) {
  const Weight<T> weight = weight_of<T>(view);
  const int64_t from_stride = input_grad ? weight.output_stride : weight.channel_stride;
  const int64_t to_stride = input_grad ? weight.channel_stride : weight.output_stride;
  Storage packed = allocate_storage(
      sizeof(T) * static_cast<size_t>(shape.taps() * kGroup * shape.channels), kCPU);
  T* out = static_cast<T*>(packed->data());
  for (int64_t tap = 0; tap < shape.taps(); ++tap) {
    for (int r = 0; r < kGroup; ++r) {
      const T* first = weight.at(0, 0, tap / shape.kernel_width, tap % shape.kernel_width);
      for (int64_t c = 0; c < shape.channels; c += kGroup, first += kGroup * weight.output_stride) {
        for (int from = 0; from < kGroup; ++from) {
          *out++ = first[from * from_stride + (from + kGroup - r) % kGroup * to_stride];
        }
      }
    }
  }
  return packed;
}

// Outputs that are computed together share their taps and, side by side, their inputs. Their sums
// fill the registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kSums = 16;
#else
constexpr int kSums = 8;
#endif
template <int kGroup>
constexpr int kBlock = kGroup == 8   ? kSums / 8
                       : kGroup == 4 ? kSums / 4
                                     : 4;

// How the outputs of a block meet the inputs side by side of a line, by three taps.
enum class Pattern { none, every, every_other, upsampled };

// The input, counted from the block's first, that output b meets by tap t, or -1.
constexpr int input_of(Pattern pattern, int b, int t) {
  if (pattern == Pattern::every) return b + t;
  if (pattern == Pattern::every_other) return 2 * b + t;
  // The gradient of a strided window: outputs in turn meet one input and two.
  if (b % 2 == 0) return t == 1 ? b / 2 : -1;
  return t == 1 ? -1 : b / 2 + t / 2;
}
constexpr int input_count(Pattern pattern, int outputs) {
  return 1 + std::max(input_of(pattern, outputs - 1, 1), input_of(pattern, outputs - 1, 2));
}

// The outputs of a line that meet their inputs by a pattern, in blocks.
struct Blocks {
  struct Start {
    int64_t output, input;
  };

  Pattern pattern = Pattern::none;
  std::array<int64_t, 3> taps{};
  std::vector<Start> starts;
  int64_t begin = 0, end = 0;  // outputs

  // Finds a block of `outputs` outputs from j on, with these taps if there are blocks already.
  bool add(const std::vector<std::vector<Hit>>& columns, int64_t j, int outputs) {
    if (j + outputs > static_cast<int64_t>(columns.size())) return false;
    const auto* hits = &columns[static_cast<size_t>(j)];
    std::array<int64_t, 3> found{};
    if (pattern == Pattern::upsampled) {
      if (outputs == 1 || hits[0].size() != 1 || hits[1].size() != 2) return false;
      found = {hits[1][0].tap, hits[0][0].tap, hits[1][1].tap};
    } else {
      if (hits[0].size() != 3) return false;
      found = {hits[0][0].tap, hits[0][1].tap, hits[0][2].tap};
    }
    if (!starts.empty() && found != taps) return false;
    const Start start{j, hits[0][0].position};
    for (int b = 0; b < outputs; ++b) {
      size_t count = 0;
      for (int t = 0; t < 3; ++t) {
        const int input = input_of(pattern, b, t);
        if (input < 0) continue;
        if (count == hits[b].size() || hits[b][count].tap != found[static_cast<size_t>(t)] ||
            hits[b][count].position != start.input + input) {
          return false;
        }
        ++count;
      }
      if (count != hits[b].size()) return false;
    }
    if (starts.empty()) begin = j;
    taps = found;
    end = j + outputs;
    starts.push_back(start);
    return true;
  }
};

Blocks blocks_of(const std::vector<std::vector<Hit>>& columns, int outputs) {
  const auto size = static_cast<int64_t>(columns.size());
  for (const Pattern pattern : {Pattern::every, Pattern::every_other, Pattern::upsampled}) {
    Blocks blocks;
    blocks.pattern = pattern;
    for (int64_t j = 0; j < size && !blocks.add(columns, j, outputs);) ++j;
    if (blocks.starts.empty()) continue;
    while (blocks.add(columns, blocks.end, outputs)) {
    }
    // The last outputs are less than a block: one of them computes some again.
    for (int64_t j = blocks.end - 1; j > blocks.end - outputs; --j) {
      if (blocks.add(columns, j, outputs)) break;
    }
    return blocks;
  }
  return {};
}

// Whether a line meets three lines of x side by side, and the next one by the same taps the three
// that begin one further on.
bool meet_four_lines(const std::vector<Hit>& rows, const std::vector<Hit>& next) {
  if (rows.size() != 3 || next.size() != 3) return false;
  for (size_t t = 0; t < 3; ++t) {
    const int64_t position = rows[0].position + static_cast<int64_t>(t);
    if (rows[t].position != position || next[t].position != position + 1 ||
        next[t].tap != rows[t].tap) {
      return false;
    }
  }
  return true;
}

// What the outputs of a line are summed from.
template <class T>
struct Line {
  const T* image;   // [height, width, channels]
  const T* weight;  // [tap][r][channels]
  const T* bias;
  int64_t width, channels, kernel_width, out_width;
  const std::vector<Hit>& rows;
  bool relu;

  const T* input(const Hit& row, int64_t position) const {
    return image + (row.position * width + position) * channels;
  }
  template <int kGroup>
  const T* tap(const Hit& row, int64_t column_tap) const {
    return weight + (row.tap * kernel_width + column_tap) * kGroup * channels;
  }
  template <int kGroup>
  Vec<T> output(const Vec<T>* sums) const {
    Vec<T> sum = sums[0];
    unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
      if constexpr (r > 0) sum = sum + rotate<kGroup, r, T>(sums[r]);
    });
    return relu ? select(sum < broadcast(T(0)), broadcast(T(0)), sum) : sum;
  }
};

// The outputs of all blocks of a line, all whole vectors of channels.
template <class T, int kGroup, Pattern kPattern>
void gather_blocks(const Line<T>& line, const Blocks& blocks, int64_t whole, T* y) {
  constexpr int kL = kLanes<T>, kOutputs = kBlock<kGroup>;
  constexpr int kInputs = input_count(kPattern, kOutputs);
  constexpr int kStep = input_of(kPattern, kOutputs, 1) - input_of(kPattern, 0, 1);
  for (const auto& start : blocks.starts) {
    T* out = y + start.output * line.channels;
    for (int64_t c = 0; c < whole; c += kL) {
      Vec<T> sums[kOutputs][kGroup];
      unroll<kOutputs * kGroup>([&](auto i) __attribute__((always_inline)) {
        const bool biased = i % kGroup == 0 && line.bias != nullptr;
        sums[i / kGroup][i % kGroup] = biased ? load(line.bias + c) : broadcast(T(0));
      });
      // What the next block reads first, and writes, is on its way from memory meanwhile.
      if (!line.rows.empty()) {
        const T* ahead = line.input(line.rows.back(), start.input) + c;
        unroll<kStep>([&](auto i) __attribute__((always_inline)) {
          __builtin_prefetch(ahead + (kInputs + i) * line.channels);
        });
      }
      unroll<kOutputs>([&](auto b) __attribute__((always_inline)) {
        __builtin_prefetch(out + (kOutputs + b) * line.channels + c, 1);
      });
      for (const Hit& row : line.rows) {
        const T* p = line.input(row, start.input) + c;
        Vec<T> x[kInputs];
        unroll<kInputs>([&](auto i)
                            __attribute__((always_inline)) { x[i] = load(p + i * line.channels); });
        unroll<3>([&](auto t) __attribute__((always_inline)) {
          const T* w = line.template tap<kGroup>(row, blocks.taps[t]) + c;
          unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
            const Vec<T> factor = load(w + r * line.channels);
            unroll<kOutputs>([&](auto b) __attribute__((always_inline)) {
              constexpr int kInput = input_of(kPattern, b, t);
              if constexpr (kInput >= 0) sums[b][r] = fma(x[kInput], factor, sums[b][r]);
            });
          });
        });
      }
      unroll<kOutputs>([&](auto b) __attribute__((always_inline)) {
        store(out + b * line.channels + c, line.template output<kGroup>(sums[b]));
      });
    }
  }
}

// The same without groups, of a line or of two that meet four lines of x; kRows of x are met. One
// vector of channels after the other: its weights stay in registers.
template <class T, Pattern kPattern, int kLines, int kRows>
void gather_channels(const Line<T>& line, const Blocks& blocks, int64_t whole, T* y) {
  constexpr int kOutputs = kBlock<1>, kInputs = input_count(kPattern, kOutputs);
  constexpr int kTapRows = kRows - kLines + 1;
  const int64_t channels = line.channels, across = line.width * channels;
  const int64_t y_width = line.out_width * channels;
  for (int64_t c = 0; c < whole; c += kLanes<T>) {
    const Vec<T> bias = line.bias != nullptr ? load(line.bias + c) : broadcast(T(0));
    Vec<T> weight[kTapRows][3];
    unroll<3 * kTapRows>([&](auto i) __attribute__((always_inline)) {
      weight[i / 3][i % 3] = load(line.template tap<1>(line.rows[i / 3], blocks.taps[i % 3]) + c);
    });
    const T* p[kRows];
    unroll<kRows>([&](auto a) __attribute__((always_inline)) {
      p[a] = a < kTapRows ? line.input(line.rows[a], 0) + c : p[a - 1] + across;
    });
    for (const auto& start : blocks.starts) {
      Vec<T> sums[kLines][kOutputs];
      unroll<kLines * kOutputs>([&](auto i) __attribute__((always_inline)) {
        sums[i / kOutputs][i % kOutputs] = bias;
      });
      unroll<kRows>([&](auto a) __attribute__((always_inline)) {
        Vec<T> x[kInputs];
        unroll<kInputs>([&](auto i) __attribute__((always_inline)) {
          x[i] = load(p[a] + (start.input + i) * channels);
        });
        unroll<kLines>([&](auto l) __attribute__((always_inline)) {
          constexpr int kTap = a - l;
          if constexpr (kTap >= 0 && kTap < kTapRows) {
            unroll<3 * kOutputs>([&](auto i) __attribute__((always_inline)) {
              constexpr int kInput = input_of(kPattern, i % kOutputs, i / kOutputs);
              if constexpr (kInput >= 0) {
                Vec<T>& sum = sums[l][i % kOutputs];
                sum = fma(x[kInput], weight[kTap][i / kOutputs], sum);
              }
            });
          }
        });
      });
      unroll<kLines * kOutputs>([&](auto i) __attribute__((always_inline)) {
        store(y + i / kOutputs * y_width + (start.output + i % kOutputs) * channels + c,
              line.template output<1>(&sums[i / kOutputs][i % kOutputs]));
      });
    }
  }
}

// All blocks of a line, or of two if that is `lines`.
template <class T, int kGroup, Pattern kPattern>
void gather_line(const Line<T>& line, const Blocks& blocks, int64_t whole, int lines, T* y) {
  if constexpr (kGroup == 1) {
    if (kPattern == Pattern::every && lines == 2) {
      return gather_channels<T, Pattern::every, 2, 4>(line, blocks, whole, y);
    }
    switch (line.rows.size()) {
      case 1:
        return gather_channels<T, kPattern, 1, 1>(line, blocks, whole, y);
      case 2:
        return gather_channels<T, kPattern, 1, 2>(line, blocks, whole, y);
      case 3:
        return gather_channels<T, kPattern, 1, 3>(line, blocks, whole, y);
    }
  }
  gather_blocks<T, kGroup, kPattern>(line, blocks, whole, y);
}

// One output, channels from c on.
template <class T, int kGroup>
void gather_pixel(const Line<T>& line, const std::vector<Hit>& columns, int64_t c, T* y) {
  const auto gather = [&](auto whole, int lanes) __attribute__((always_inline)) {
    const auto read = [&](const T* p) { return whole ? load(p) : load_n(p, lanes); };
    Vec<T> sums[kGroup];
    unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
      sums[r] = r == 0 && line.bias != nullptr ? read(line.bias + c) : broadcast(T(0));
    });
    for (const Hit& row : line.rows) {
      for (const Hit& column : columns) {
        const Vec<T> x = read(line.input(row, column.position) + c);
        const T* w = line.template tap<kGroup>(row, column.tap) + c;
        unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
          sums[r] = fma(x, read(w + r * line.channels), sums[r]);
        });
      }
    }
    const Vec<T> sum = line.template output<kGroup>(sums);
    whole ? store(y + c, sum) : store_n(y + c, sum, lanes);
  };
  for (; c + kLanes<T> <= line.channels; c += kLanes<T>) gather(std::true_type(), kLanes<T>);
  if (c < line.channels) gather(std::false_type(), static_cast<int>(line.channels - c));
}

// y[n, i, j, :] = bias + sum over hits of x[n, rows[i], columns[j], :] * weight[tap, :]
template <class T, int kGroup>
void gather(int64_t images, int64_t channels, const std::vector<std::vector<Hit>>& rows,
            const std::vector<std::vector<Hit>>& columns, int64_t in_height, int64_t in_width,
            int64_t kernel_width, const T* x, const T* weight, const T* bias, bool relu, T* y) {
  const auto out_height = static_cast<int64_t>(rows.size());
  const auto out_width = static_cast<int64_t>(columns.size());
  // Lines side by side read the same inputs.
  const int64_t lines = images * out_height;
  const int64_t grain = std::max(1 + 16384 / (out_width * channels), lines / kEnoughTasks);
  const int64_t whole = channels / kLanes<T> * kLanes<T>;
  const Blocks blocks = blocks_of(columns, kBlock<kGroup>);
  const auto gather_whole =
      blocks.pattern == Pattern::every         ? gather_line<T, kGroup, Pattern::every>
      : blocks.pattern == Pattern::every_other ? gather_line<T, kGroup, Pattern::every_other>
                                               : gather_line<T, kGroup, Pattern::upsampled>;
  const bool by_two = kGroup == 1 && kSums == 16 && blocks.pattern == Pattern::every;
  parallel_for(0, lines, (grain + 1) / 2 * 2, [&](int64_t at, int64_t end) {
    while (at < end) {
      const auto i = static_cast<size_t>(at % out_height);
      const bool two =
          by_two && at + 1 < end && i + 1 < rows.size() && meet_four_lines(rows[i], rows[i + 1]);
      const T* image = x + at / out_height * in_height * in_width * channels;
      const auto line = [&](size_t l) {
        return Line<T>{image,        weight,    bias,    in_width, channels,
                       kernel_width, out_width, rows[l], relu};
      };
      T* out = y + at * out_width * channels;
      if (!blocks.starts.empty()) gather_whole(line(i), blocks, whole, two ? 2 : 1, out);
      for (size_t l = i; l <= i + two; ++l, ++at, out += out_width * channels) {
        const Line<T> rest = line(l);
        const auto pixels = [&](int64_t begin_j, int64_t end_j, int64_t c) {
          for (int64_t j = begin_j; j < end_j; ++j) {
            gather_pixel<T, kGroup>(rest, columns[static_cast<size_t>(j)], c, out + j * channels);
          }
        };
        pixels(0, blocks.begin, 0);
        if (whole < channels) pixels(blocks.begin, blocks.end, whole);
        pixels(blocks.end, out_width, 0);
      }
    }
  });
}

// sums[t][r] += the products of g [end - begin], rotated by r, with the inputs that the three taps
// of a row meet. At least six chains of sums hide the latency of fma.
template <class T, int kGroup>
void add_three_taps(const T* x, const T* g, int64_t begin, int64_t end, int64_t stride,
                    int64_t channels, T* sums) {
  constexpr int kCount = 3 * kGroup, kChains = kGroup == 1 ? 2 : 1;
  Vec<T> acc[kChains][kCount];
  unroll<kCount>([&](auto i) __attribute__((always_inline)) {
    acc[0][i] = load(sums + i * channels);
    if constexpr (kChains == 2) acc[1][i] = broadcast(T(0));
  });
  const auto add = [&](int64_t j, Vec<T> * to) __attribute__((always_inline)) {
    const T* p = x + j * stride * channels;
    const Vec<T> gradient = load(g + j * channels);
    Vec<T> input[3];
    unroll<3>([&](auto t) __attribute__((always_inline)) { input[t] = load(p + t * channels); });
    unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
      const Vec<T> rotated = rotate<kGroup, r, T>(gradient);
      unroll<3>([&](auto t) __attribute__((always_inline)) {
        to[t * kGroup + r] = fma(input[t], rotated, to[t * kGroup + r]);
      });
    });
  };
  int64_t j = begin;
  for (; j + kChains <= end; j += kChains) {
    add(j, acc[0]);
    if constexpr (kChains == 2) add(j + 1, acc[1]);
  }
  if (j < end) add(j, acc[0]);
  unroll<kCount>([&](auto i) __attribute__((always_inline)) {
    if constexpr (kChains == 2) acc[0][i] = acc[0][i] + acc[1][i];
    store(sums + i * channels, acc[0][i]);
  });
}
// The same of one tap.
template <class T, int kGroup>
void add_tap(const T* x, const T* g, int64_t begin, int64_t end, int64_t stride, int64_t channels,
             int lanes, T* sums) {
  Vec<T> acc[kGroup];
  unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
    acc[r] = load_n(sums + r * channels, lanes);
  });
  const bool whole = lanes == kLanes<T>;
  const auto read = [&](const T* p) { return whole ? load(p) : load_n(p, lanes); };
  for (int64_t j = begin; j < end; ++j) {
    const Vec<T> input = read(x + j * stride * channels), gradient = read(g + j * channels);
    unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
      acc[r] = fma(input, rotate<kGroup, r, T>(gradient), acc[r]);
    });
  }
  unroll<kGroup>([&](auto r) __attribute__((always_inline)) {
    store_n(sums + r * channels, acc[r], lanes);
  });
}

// The outputs of a line, [begin, end), whose windows have a tap inside of the image.
struct Range {
  int64_t offset, begin, end;  // the input of output j is j * stride + offset
  Range(const ConvShape& shape, int64_t tap)
      : offset(tap * shape.attrs.dilation[1] - shape.attrs.padding[1]) {
    const int64_t stride = shape.attrs.stride[1], room = shape.width - offset;
    begin = offset >= 0 ? 0 : std::min(shape.out_width, (-offset + stride - 1) / stride);
    end = room <= 0 ? 0 : std::min(shape.out_width, (room + stride - 1) / stride);
  }
};

// sums [tap_column][r][channels] += what a line of g and a line of x contribute.
template <class T, int kGroup>
void add_line(const ConvShape& shape, const T* g, const T* x, T* sums) {
  const int64_t channels = shape.channels, stride = shape.attrs.stride[1];
  // Three taps side by side are summed together where all of them meet the image.
  const bool three = shape.kernel_width == 3 && shape.attrs.dilation[1] == 1;
  const Range first(shape, 0);
  const int64_t begin = first.begin, end = three ? Range(shape, 2).end : 0;
  const int64_t whole = begin < end ? channels / kLanes<T> * kLanes<T> : 0;
  for (int64_t c = 0; c < whole; c += kLanes<T>) {
    add_three_taps<T, kGroup>(x + first.offset * channels + c, g + c, begin, end, stride, channels,
                              sums + c);
  }
  for (int64_t tap = 0; tap < shape.kernel_width; ++tap, sums += kGroup * channels) {
    const Range range(shape, tap);
    const T* from = x + range.offset * channels;
    const auto add = [&](int64_t c, int64_t c_end, int64_t j, int64_t j_end) {
      for (; c < c_end && j < j_end; c += kLanes<T>) {
        const int lanes = static_cast<int>(std::min<int64_t>(kLanes<T>, c_end - c));
        add_tap<T, kGroup>(from + c, g + c, j, j_end, stride, channels, lanes, sums + c);
      }
    };
    add(0, whole, range.begin, std::min(begin, range.end));
    add(0, whole, std::max(end, range.begin), range.end);
    add(whole, channels, range.begin, range.end);
  }
}

template <class T, int kGroup>
void weight_grad(const ConvShape& shape, const T* g, const T* x, const View& dweight) {
  const int64_t channels = shape.channels, lines = shape.images * shape.out_height;
  const int64_t row_size = shape.kernel_width * kGroup * channels;
  const int64_t size = shape.kernel_height * row_size;
  const auto row_hits = window_hits(shape, 0);
  // Partial sums over fixed groups of lines keep the result independent of the threads.
  const EvenSplit split(lines, std::max<int64_t>(1, (lines + kEnoughTasks - 1) / kEnoughTasks));
  const int64_t tasks = std::max<int64_t>(1, split.groups);  // no picture: one, which adds nothing
  const Storage storage = allocate_storage(sizeof(T) * static_cast<size_t>(tasks * size), kCPU);
  T* partial = static_cast<T*>(storage->data());

  parallel_for(0, tasks, 1, [&](int64_t task, int64_t) {
    T* sums = partial + task * size;
    std::memset(sums, 0, sizeof(T) * static_cast<size_t>(size));
    const int64_t first = split.begin(task);
    for (int64_t line = first; line < first + split.size(task); ++line) {
      const int64_t image = line / shape.out_height, i = line % shape.out_height;
      for (const Hit& row : row_hits[static_cast<size_t>(i)]) {
        add_line<T, kGroup>(shape, g + line * shape.out_width * channels,
                            x + (image * shape.height + row.position) * shape.width * channels,
                            sums + row.tap * row_size);
      }
    }
  });
  for (int64_t task = 1; task < tasks; ++task) {
    for (int64_t at = 0; at < size; ++at) partial[at] += partial[task * size + at];
  }
  const T* sum = partial;
  for (int64_t tap = 0; tap < shape.taps(); ++tap) {
    T* to = dweight.as<T>() + tap / shape.kernel_width * dweight.strides[2] +
            tap % shape.kernel_width * dweight.strides[3];
    for (int64_t r = 0; r < kGroup; ++r) {
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t channel = c % kGroup, output = c - channel + (channel + r) % kGroup;
        to[output * dweight.strides[0] + channel * dweight.strides[1]] = *sum++;
      }
    }
  }
}

// The sizes of x, y and the kernel along an axis.
struct Axis {
  int64_t in, out, kernel;
  Axis(const ConvShape& shape, size_t axis)
      : in(axis == 0 ? shape.height : shape.width),
        out(axis == 0 ? shape.out_height : shape.out_width),
        kernel(axis == 0 ? shape.kernel_height : shape.kernel_width) {}
};

// Calls body with the group's width as a constant.
template <class T, class Body>
void with_group(const ConvShape& shape, const Body& body) {
  unroll<4>([&](auto log) {
    constexpr int kGroup = 1 << log;
    if constexpr (is_narrow_group<T>(kGroup)) {
      if (shape.group_channels() == kGroup) body(std::integral_constant<int, kGroup>());
    }
  });
}

}  // namespace

std::vector<std::vector<Hit>> window_hits(const ConvShape& shape, size_t axis) {
  const ops::ConvAttrs& attrs = shape.attrs;
  const Axis size(shape, axis);
  std::vector<std::vector<Hit>> hits(static_cast<size_t>(size.out));
  for (int64_t i = 0; i < size.out; ++i) {
    for (int64_t tap = 0; tap < size.kernel; ++tap) {
      const int64_t position =
          i * attrs.stride[axis] - attrs.padding[axis] + tap * attrs.dilation[axis];
      if (position < 0 || position >= size.in) continue;
      hits[static_cast<size_t>(i)].push_back({tap, position});
    }
  }
  return hits;
}

std::vector<std::vector<Hit>> gradient_hits(const ConvShape& shape, size_t axis) {
  const auto windows = window_hits(shape, axis);
  std::vector<std::vector<Hit>> hits(static_cast<size_t>(Axis(shape, axis).in));
  for (size_t i = 0; i < windows.size(); ++i) {
    for (const Hit& hit : windows[i]) {
      hits[static_cast<size_t>(hit.position)].push_back({hit.tap, static_cast<int64_t>(i)});
    }
  }
  return hits;
}

template <class T>
void conv_grouped(const ConvShape& shape, const T* x, const View& weight, const T* bias, T* y,
                  bool relu) {
  const auto rows = window_hits(shape, 0), columns = window_hits(shape, 1);
  with_group<T>(shape, [&](auto group) {
    const Storage packed = by_rotation<T, group>(shape, weight, false);
    gather<T, group>(shape.images, shape.channels, rows, columns, shape.height, shape.width,
                     shape.kernel_width, x, static_cast<const T*>(packed->data()), bias, relu, y);
  });
}

template <class T>
void conv_grouped_input_grad(const ConvShape& shape, const T* g, const View& weight, T* dx) {
  const auto rows = gradient_hits(shape, 0), columns = gradient_hits(shape, 1);
  with_group<T>(shape, [&](auto group) {
    const Storage packed = by_rotation<T, group>(shape, weight, true);
    gather<T, group>(shape.images, shape.channels, rows, columns, shape.out_height, shape.out_width,
                     shape.kernel_width, g, static_cast<const T*>(packed->data()), nullptr, false,
                     dx);
  });
}

template <class T>
void conv_grouped_weight_grad(const ConvShape& shape, const T* g, const T* x, const View& dweight) {
  with_group<T>(shape, [&](auto group) { weight_grad<T, group>(shape, g, x, dweight); });
}

template void conv_grouped<float>(const ConvShape&, const float*, const View&, const float*, float*,
                                  bool);
template void conv_grouped<double>(const ConvShape&, const double*, const View&, const double*,
                                   double*, bool);
template void conv_grouped_input_grad<float>(const ConvShape&, const float*, const View&, float*);
template void conv_grouped_input_grad<double>(const ConvShape&, const double*, const View&,
                                              double*);
template void conv_grouped_weight_grad<float>(const ConvShape&, const float*, const float*,
                                              const View&);
template void conv_grouped_weight_grad<double>(const ConvShape&, const double*, const double*,
                                               const View&);

}  // namespace reel::cpu::REEL_ISA
