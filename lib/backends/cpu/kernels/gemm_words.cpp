#include <array>

#include <reel/backends/cpu/extension.h>
#include <reel/backends/cpu/kernels/gemm_words.h>
#include <reel/backends/cpu/kernels/transpose.h>
#include <reel/backends/cpu/kernels/unroll.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace reel::cpu::REEL_ISA {
namespace {

using Words = Vec<int32_t>;

// sum + a . b of pairs of int16, which hold int8: 2 (-128)^2 fits.
struct Int16Pairs {
  static Words add(Words sum, Words a, Words b) {
#if defined(__AVX512F__)
    return Words(_mm512_add_epi32(sum, _mm512_madd_epi16(a, b)));
#elif defined(__AVX2__)
    return Words(_mm256_add_epi32(sum, _mm256_madd_epi16(a, b)));
#elif defined(__SSE2__)
    return Words(_mm_add_epi32(sum, _mm_madd_epi16(a, b)));
#elif defined(__aarch64__)
    const int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
    return Words(vaddq_s32(
        sum, vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y))));
#endif
  }
};

#ifdef __AVX512F__
// sum + a . b of four uint8 by four int8, without saturation. Written as the instruction itself:
// this file is compiled for all CPUs that have AVX-512, and functions with a target of their own
// would not be inlined.
struct Bytes {
  static Words add(Words sum, Words a, Words b) {
    __m512i result = sum;
    asm("vpdpbusd %2, %1, %0"
        : "+v"(result)
        : "v"(static_cast<__m512i>(a)), "v"(static_cast<__m512i>(b)));
    return Words(result);
  }
};
#endif

template <class Dot, int kRows, int kVectors>
void multiply_panel(int64_t words, const int32_t* a, const int32_t* b, bool add, int32_t* c,
                    int64_t c_stride) {
  constexpr int kL = kLanes<int32_t>;
  Words sums[kRows][kVectors];
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      sums[r][v] = add ? load(c + r * c_stride + v * kL) : broadcast(int32_t{0});
    });
  });
  for (; words > 0; words -= kWordBlock) {
#pragma GCC unroll 4
    for (int k = 0; k < kWordBlock; ++k) {
      Words bv[kVectors];
      unroll<kVectors>([&](auto v) __attribute__((always_inline)) { bv[v] = load(b + v * kL); });
      unroll<kRows>([&](auto r) __attribute__((always_inline)) {
        const Words ar = broadcast(a[r * kWordBlock + k]);
        unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
          sums[r][v] = Dot::add(sums[r][v], ar, bv[v]);
        });
      });
      b += kVectors * kL;
    }
    a += kRows * kWordBlock;
  }
  unroll<kRows>([&](auto r) __attribute__((always_inline)) {
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      store(c + r * c_stride + v * kL, sums[r][v]);
    });
  });
}

using Panel = void (*)(int64_t, const int32_t*, const int32_t*, bool, int32_t*, int64_t);

template <class Dot, int kVectors, int... kRow>
constexpr std::array<Panel, kTileRows> by_rows(std::integer_sequence<int, kRow...>) {
  return {multiply_panel<Dot, kRow + 1, kVectors>...};
}

template <class Dot>
void multiply_vectors(int rows, int vectors, int64_t words, const int32_t* a, const int32_t* b,
                      bool add, int32_t* c, int64_t c_stride) {
  constexpr auto kRows = std::make_integer_sequence<int, kTileRows>{};
  static constexpr std::array<Panel, kTileRows> kTable[kTileVectors] = {by_rows<Dot, 1>(kRows),
                                                                        by_rows<Dot, 2>(kRows)};
  kTable[vectors - 1][static_cast<size_t>(rows - 1)](words, a, b, add, c, c_stride);
}

#ifdef __AVX512F__
#define REEL_AMX __attribute__((target("amx-tile,amx-int8,amx-bf16")))

constexpr int kSquare = 16;  // rows of a tile, and its words in a row

REEL_AMX void begin_tiles() {
  struct alignas(64) Config {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {kSquare, kSquare, kSquare, kSquare, kSquare, kSquare, kSquare, kSquare};
  };
  static constexpr Config kConfig;
  _tile_loadconfig(&kConfig);
}
// Free tiles cost nothing when the system switches threads.
REEL_AMX void end_tiles() { _tile_release(); }

// Up to 2x2 tiles of c: 0 to 3; 4 and 5 hold rows of a, 6 and 7 columns of b.
template <class Sum>
REEL_AMX void multiply_tiles(int rows, int vectors, int64_t words, const int32_t* a,
                             const int32_t* b, bool add, Sum* c, int64_t c_stride) {
  constexpr bool kInt8 = std::is_same_v<Sum, int32_t>;
  constexpr int kLine = 64;
  const bool below = rows > kSquare, beside = vectors > 1;
  Sum* const c_below = c + kSquare * c_stride;
  const int64_t c_bytes = c_stride * int64_t{sizeof(Sum)};
  const int64_t b_bytes = vectors * kLine;
  if (add) {
    _tile_loadd(0, c, c_bytes);
    if (beside) _tile_loadd(1, c + kSquare, c_bytes);
    if (below) _tile_loadd(2, c_below, c_bytes);
    if (below && beside) _tile_loadd(3, c_below + kSquare, c_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (; words > 0; words -= kWordBlock) {
    _tile_loadd(4, a, kLine);
    _tile_loadd(6, b, b_bytes);
    if constexpr (kInt8) {
      _tile_dpbssd(0, 4, 6);
    } else {
      _tile_dpbf16ps(0, 4, 6);
    }
    if (beside) {
      _tile_loadd(7, b + kSquare, b_bytes);
      if constexpr (kInt8) {
        _tile_dpbssd(1, 4, 7);
      } else {
        _tile_dpbf16ps(1, 4, 7);
      }
    }
    if (below) {
      _tile_loadd(5, a + kSquare * kWordBlock, kLine);
      if constexpr (kInt8) {
        _tile_dpbssd(2, 5, 6);
      } else {
        _tile_dpbf16ps(2, 5, 6);
      }
    }
    if (below && beside) {
      if constexpr (kInt8) {
        _tile_dpbssd(3, 5, 7);
      } else {
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    a += rows * kWordBlock;
    b += vectors * kSquare * kWordBlock;
  }
  _tile_stored(0, c, c_bytes);
  if (beside) _tile_stored(1, c + kSquare, c_bytes);
  if (below) _tile_stored(2, c_below, c_bytes);
  if (below && beside) _tile_stored(3, c_below + kSquare, c_bytes);
}

template <class Sum>
WordKernel<Sum> amx_kernel(int group) {
  return {group, kSquare, 2 * kSquare, 1024, false, begin_tiles, end_tiles, multiply_tiles<Sum>};
}
#endif

// The part of a word that an element is: an int8 alone or widened, the bits of a bfloat16.
template <class T, int kGroup>
using Part = std::conditional_t<sizeof(T) * kGroup == 4, T, int16_t>;

// A block of up to 16 lines and 16 words of the depth, zeros around what there is, as it lies in
// memory: by lines where the depth is contiguous, by words where the lines are side by side.
template <class T, int kGroup>
class Block {
  using P = Part<T, kGroup>;
  static constexpr int kDepth = kWordBlock * kGroup;

 public:
  Block(const Lines<T>& from, int64_t line, int64_t lines, int64_t word)
      : by_lines_(from.line_stride != 1 || from.depth_stride == 1) {
    const int64_t k = word * kGroup;
    const int count = static_cast<int>(std::clamp<int64_t>(from.count - line, 0, lines));
    const int depth = static_cast<int>(std::clamp<int64_t>(from.depth - k, 0, kDepth));
    const T* data = from.data + line * from.line_stride + k * from.depth_stride;
    if (count < kWordBlock || depth < kDepth) std::memset(words_, 0, sizeof words_);
    if (by_lines_) {
      for (int i = 0; i < count; ++i)
        read_line(data + i * from.line_stride, depth, from.depth_stride, i);
    } else {
      for (int j = 0; j < depth; j += kGroup) {
        read_words(data + j * from.depth_stride, count, std::min(depth - j, kGroup),
                   from.depth_stride, j / kGroup);
      }
    }
  }
  void write_lines(int64_t lines, uint32_t flip, int32_t* out) const {
    alignas(64) int32_t turned[kWordBlock][kWordBlock];
    const int32_t* from = words_[0];
    if (!by_lines_) {
      transpose_tile(words_[0], kWordBlock, turned[0], kWordBlock, kWordBlock, kWordBlock);
      from = turned[0];
    }
    for (int64_t i = 0; i < lines * kWordBlock; ++i) {
      out[i] = static_cast<int32_t>(static_cast<uint32_t>(from[i]) ^ flip);
    }
  }
  void write_words(int64_t lines, int32_t* out, int64_t stride) const {
    if (by_lines_) {
      transpose_tile(words_[0], kWordBlock, out, stride, kWordBlock, lines);
    } else {
      for (int k = 0; k < kWordBlock; ++k) std::copy_n(words_[k], lines, out + k * stride);
    }
  }

 private:
  void read_line(const T* data, int depth, int64_t stride, int line) {
    P parts[kDepth] = {};
    if (stride == 1 && depth == kDepth) {
      for (int j = 0; j < kDepth; ++j) parts[j] = P{data[j]};
    } else if (stride == 1) {
      std::copy_n(data, depth, parts);
    } else {
      for (int j = 0; j < depth; ++j) parts[j] = P{data[j * stride]};
    }
    std::memcpy(words_[line], parts, sizeof parts);
  }
  // Word k of `count` lines, of which `parts` of its parts are there.
  void read_words(const T* data, int count, int parts, int64_t stride, int k) {
    if (count == kWordBlock && parts == kGroup) {
      join(data, stride, words_[k], kWordBlock, kGroup);
    } else {
      join(data, stride, words_[k], count, parts);
    }
  }
  [[gnu::always_inline]] static void join(const T* data, int64_t stride, int32_t* words, int count,
                                          int parts) {
    using Bits = std::make_unsigned_t<P>;
    for (int i = 0; i < count; ++i) {
      uint32_t word = 0;
      for (int g = 0; g < parts; ++g) {
        word |= uint32_t{static_cast<Bits>(P{data[g * stride + i]})} << g * (32 / kGroup);
      }
      words[i] = static_cast<int32_t>(word);
    }
  }

  bool by_lines_;
  alignas(64) int32_t words_[kWordBlock][kWordBlock];
};

template <class T, int kGroup>
int64_t padded_words(const Lines<T>& lines) {
  constexpr int64_t kDepth = kWordBlock * kGroup;
  return (lines.depth + kDepth - 1) / kDepth * kWordBlock;
}

}  // namespace

template <class T, int kGroup>
void pack_word_rows(const Lines<T>& a, int64_t m, int64_t rows, uint32_t flip, int32_t* out) {
  const int64_t words = padded_words<T, kGroup>(a);
  for (int64_t k = 0; k < words; k += kWordBlock) {
    for (int64_t i = 0; i < rows; i += kWordBlock) {
      const int64_t lines = std::min<int64_t>(rows - i, kWordBlock);
      Block<T, kGroup>(a, m + i, lines, k).write_lines(lines, flip, out);
      out += lines * kWordBlock;
    }
  }
}

template <class T, int kGroup>
void pack_word_columns(const Lines<T>& b, int64_t n, int vectors, int32_t* out) {
  const int64_t words = padded_words<T, kGroup>(b), width = vectors * kLanes<int32_t>;
  for (int64_t k = 0; k < words; k += kWordBlock) {
    for (int64_t j = 0; j < width; j += kWordBlock) {
      const int64_t lines = std::min<int64_t>(width - j, kWordBlock);
      Block<T, kGroup>(b, n + j, lines, k).write_words(lines, out + j, width);
    }
    out += kWordBlock * width;
  }
}

template void pack_word_rows<int8_t, 2>(const Lines<int8_t>&, int64_t, int64_t, uint32_t, int32_t*);
template void pack_word_rows<int8_t, 4>(const Lines<int8_t>&, int64_t, int64_t, uint32_t, int32_t*);
template void pack_word_rows<uint16_t, 2>(const Lines<uint16_t>&, int64_t, int64_t, uint32_t,
                                          int32_t*);
template void pack_word_columns<int8_t, 2>(const Lines<int8_t>&, int64_t, int, int32_t*);
template void pack_word_columns<int8_t, 4>(const Lines<int8_t>&, int64_t, int, int32_t*);
template void pack_word_columns<uint16_t, 2>(const Lines<uint16_t>&, int64_t, int, int32_t*);

WordKernel<int32_t> int8_kernel() {
#ifdef __AVX512F__
  const CpuExtension extension = cpu_extension();
  if (extension == CpuExtension::amx) return amx_kernel<int32_t>(4);
  if (extension == CpuExtension::vnni) {
    return {.group = 4,
            .unit = 1,
            .rows = kTileRows,
            .depth = kBlockDepth,
            .biased = true,
            .multiply = multiply_vectors<Bytes>};
  }
#endif
  return {.group = 2,
          .unit = 1,
          .rows = kTileRows,
          .depth = kBlockDepth,
          .multiply = multiply_vectors<Int16Pairs>};
}

WordKernel<float> bfloat16_kernel() {
#ifdef __AVX512F__
  if (cpu_extension() == CpuExtension::amx) return amx_kernel<float>(2);
#endif
  return {.group = 2, .unit = 1, .rows = kTileRows, .depth = kBlockDepth};
}

}  // namespace reel::cpu::REEL_ISA
