#pragma once

// Kernels of elementwise ops, made of their formulas.

#include <array>
#include <bang.h>
#include <optional>

#include <reel/backends/mlu/kernels/cast.h>
#include <reel/backends/mlu/kernels/pipeline.h>
#include <reel/backends/mlu/kernels/rows.h>
#include <reel/backends/mlu/kernels/span.h>

namespace reel::mlu {

/// Part i of a task's, as [begin, begin + count).
struct Part {
  int64_t begin, count;
};
inline Part part_at(const Rows& rows, int64_t i) {
  const int64_t begin = i * rows.part;
  return {begin, ::min(rows.part, rows.count - begin)};
}

/// Loads an operand's part. The end of the last line is zero, where builtins compute too.
inline void load_part(char* nram, const Rows::Operand& from, const Part& part) {
  if (from.data == nullptr || from.single || from.period > 0) return;
  const int64_t lines = part.count / kLine * kLine;
  if (lines < part.count) __bang_write_zero(nram + lines * from.item, kLine * from.item);
  __memcpy_async(nram, from.data + part.begin * from.item, part.count * from.item, GDRAM2NRAM);
}

/// An operand that repeats is the same in all parts, and is loaded once.
inline void load_repeated(char* nram, const Rows::Operand& from, int64_t part) {
  if (from.period == 0) return;
  const int64_t total = whole_lines(part) * from.item;
  int64_t filled = from.period * from.item;
  __memcpy(nram, from.data, filled, GDRAM2NRAM);
  for (; filled < total; filled *= 2) {
    __bang_move(nram + filled, nram, ::min(filled, total - filled));
  }
}

/// The value of an operand that has one.
inline float load_single(char* nram, const Rows::Operand& from) {
  __bang_write_zero(nram, kLine * from.item);
  __memcpy(nram, from.data, from.item, GDRAM2NRAM);
  if (from.type == kFloat) return *reinterpret_cast<float*>(nram);
  float* wide = reinterpret_cast<float*>(nram + kLine * 8);
  cast_tile(wide, kFloat, nram, from.type, kLine);
  return *wide;
}

/// A tile with the result as the output has it: in any floating-point type, or as Bool.
inline Span delivered(ScalarType type, Span value) {
  value.fill();
  if (type == kFloat && value.has_tile()) return value;
  const int count = value.tiles().length();
  Span tile(value.tiles());
  if (type == kFloat) {
    __bang_move(tile.data(), value.data(), count * sizeof(float));
  } else if (type == kBool) {
    __bang_float2uint8_tz(reinterpret_cast<uint8_t*>(tile.data()), value.data(), count);
  } else {
    cast_tile(tile.data(), type, value.data(), kFloat, count);
  }
  return tile;
}
inline Span delivered(ScalarType type, const Mask& mask) { return delivered(type, mask.span()); }

/// The operands of one tile. Those beyond the formula's are its last one again.
template <int kInputs, class Operand>
inline std::array<Span, kMaxInputs> operands_of(const Operand& operand) {
  const Span first = operand(0), second = kInputs > 1 ? operand(1) : first;
  return {first, second, kInputs > 2 ? operand(2) : second};
}

/// The value of a formula for a tile: at once, or number by number where it has no vector form.
template <class Formula>
__mlu_func__ auto evaluate(const Formula& formula, Tiles& tiles, std::array<Span, kMaxInputs>& in) {
  if constexpr (Formula::kByNumber) {
    for (Span& span : in) span.fill();
    const float *a = in[0].data(), *b = in[1].data(), *c = in[2].data();
    Span out(tiles);
    for (int i = 0; i < tiles.length(); ++i) {
      const float x[] = {a[i], b[i], c[i]};
      out.data()[i] = static_cast<float>(formula(x));
    }
    return out;
  } else {
    return formula(in.data());
  }
}

/// out = formula(in...), computed in float. A formula takes its operands as an array and says how
/// many of them it has.
template <class Formula>
__mlu_global__ void elementwise(Formula formula, Rows rows) {
  constexpr int kInputs = Formula::kInputs;
  __nram__ float values[Tiles::kCount * kTile];
  __nram__ char loaded[kInputs][2][kTile * sizeof(float)];
  __nram__ char single[kLine * 16];
  Tiles tiles(values, kTile);
  Span result[2] = {0, 0};  // each keeps its tile until it has been stored
  float number[kInputs] = {};
  for (int i = 0; i < kInputs; ++i) {
    if (rows.in[i].single) number[i] = load_single(single, rows.in[i]);
    for (auto& buffer : loaded[i]) load_repeated(buffer, rows.in[i], rows.part);
  }
  const auto operand = [&](int i, int b) {
    const Rows::Operand& from = rows.in[i];
    if (from.single) return Span(tiles, number[i]);
    if (from.type == kFloat) return Span(tiles, reinterpret_cast<float*>(loaded[i][b]));
    Span wide(tiles);
    cast_tile(wide.data(), kFloat, loaded[i][b], from.type, tiles.length());
    return wide;
  };
  const Share share = share_of((rows.count + rows.part - 1) / rows.part);
  pipeline(
      share.end - share.begin,
      [&](int64_t i, int b) {
        for (int k = 0; k < kInputs; ++k) {
          load_part(loaded[k][b], rows.in[k], part_at(rows, share.begin + i));
        }
      },
      [&](int64_t i, int b) {
        tiles.set_length(whole_lines(part_at(rows, share.begin + i).count));
        result[b] = 0;
        auto in = operands_of<kInputs>([&](int k) { return operand(k, b); });
        result[b] = delivered(rows.out_type, evaluate(formula, tiles, in));
      },
      [&](int64_t i, int b) {
        const Part part = part_at(rows, share.begin + i);
        __memcpy_async(rows.out + part.begin * rows.out_item, result[b].data(),
                       part.count * rows.out_item, NRAM2GDRAM);
      });
}

/// The same of integers (T) and Bool (as uint8_t), number by number.
template <class T, class Result, class Formula>
__mlu_global__ void elementwise_integer(Formula formula, Rows rows) {
  __nram__ T loaded[Formula::kInputs][2][kTile];
  __nram__ Result result[2][kTile];
  T number[Formula::kInputs] = {};
  for (int i = 0; i < Formula::kInputs; ++i) {
    for (auto& buffer : loaded[i]) {
      load_repeated(reinterpret_cast<char*>(buffer), rows.in[i], rows.part);
    }
    if (!rows.in[i].single) continue;
    __memcpy(loaded[i][0], rows.in[i].data, sizeof(T), GDRAM2NRAM);
    number[i] = loaded[i][0][0];
  }
  const Share share = share_of((rows.count + rows.part - 1) / rows.part);
  pipeline(
      share.end - share.begin,
      [&](int64_t i, int b) {
        for (int k = 0; k < Formula::kInputs; ++k) {
          load_part(reinterpret_cast<char*>(loaded[k][b]), rows.in[k],
                    part_at(rows, share.begin + i));
        }
      },
      [&](int64_t i, int b) {
        const int64_t count = part_at(rows, share.begin + i).count;
        for (int64_t k = 0; k < count; ++k) {
          T x[Formula::kInputs];
          for (int j = 0; j < Formula::kInputs; ++j) {
            x[j] = rows.in[j].single ? number[j] : loaded[j][b][k];
          }
          result[b][k] = static_cast<Result>(formula(x));
        }
      },
      [&](int64_t i, int b) {
        const Part part = part_at(rows, share.begin + i);
        __memcpy_async(rows.out + part.begin * rows.out_item, result[b], part.count * rows.out_item,
                       NRAM2GDRAM);
      });
}

/// Launches either kernel for a call, whose operands it makes flat. Returns a Kernel's result.
template <class Formula>
const char* run_elementwise(const Call& call, const Formula& formula) {
  if (call.out[0].numel == 0) return nullptr;
  const OnDevice device(call);
  const Flat flat(call);
  if (flat.refusal() != nullptr) return flat.refusal();
  elementwise<Formula><<<flat.tasks(), CNRT_FUNC_TYPE_BLOCK, nullptr>>>(formula, flat.rows());
  return flat.finish();
}
template <class T, class Result, class Formula>
const char* run_integer(const Call& call, const Formula& formula) {
  if (call.out[0].numel == 0) return nullptr;
  const OnDevice device(call);
  const Flat flat(call);
  if (flat.refusal() != nullptr) return flat.refusal();
  elementwise_integer<T, Result, Formula>
      <<<flat.tasks(), CNRT_FUNC_TYPE_BLOCK, nullptr>>>(formula, flat.rows());
  return flat.finish();
}

}  // namespace reel::mlu
