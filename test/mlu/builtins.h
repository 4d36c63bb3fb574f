#pragma once

// What the kernels of builtins_*.mlu offer to the tests: they run on copies of arrays of the host.

#include <cstdint>
#include <string>
#include <vector>

namespace test::mlu {

using Floats = std::vector<float>;
using Ints = std::vector<int>;

/// The error that a launch ended with, "" if there was none.
std::string last_failure();

// builtins_memory.mlu

/// How src bytes arrive in dst: by one strided copy, through NRAM.
struct Strides {
  int size, dst_stride0, dst_segments1, dst_stride1, dst_segments2;
  int src_stride0, src_segments1, src_stride1, src_segments2;
};
std::vector<uint8_t> copy_strided(const std::vector<uint8_t>& src, int dst_bytes, const Strides& s);
/// Rows of 3 with strides of 5 twice and 16 thrice, in a field of -1: of NRAM, SRAM, GDRAM.
Floats fill_blocks(int memory, int count);
Floats gather_rows(const Floats& table, const Ints& byte_offsets, const std::vector<uint8_t>& mask,
                   int row);
Floats scatter_rows(const Floats& rows, const Ints& byte_offsets, int row, int total);

enum class Move { transpose, rotate90, rotate180, rotate270, mirror, to_nchw, to_nhwc, filter };
/// Of a [height, width] matrix, or an image [height / 4, 4, width].
Floats move(Move which, const Floats& src, int height, int width);
Floats pad(const Floats& src, int channel, int height, int width, int top, int bottom, int left,
           int right, float value);

enum class Keep { collect, filter, filter_bitindex, select, in_place };
/// What is kept, behind its number.
Floats keep(Keep which, const Floats& src, const Floats& mask);
Floats look_up(const Floats& table, const Ints& indices);

enum class Reduce { sum, lines, argmax, argmin, count, first, last, counted };
/// The value, then what else there is (the index).
Floats reduce(Reduce which, const Floats& src, bool half);

enum class Pool { sum, average, max, min, max_index, min_index, value_index };
struct Window {
  int channel, height, width, kernel_height, kernel_width, stride_width, stride_height;
  int rows() const { return (height - kernel_height) / stride_height + 1; }
  int columns() const { return (width - kernel_width) / stride_width + 1; }
};
/// value_index: the values, then the indices.
Floats pool(Pool which, const Floats& src, const Window& w);
/// The gradient of the large image; `places` empty: of the average. Where nothing is written: -1.
Floats pool_backward(const Floats& gradient, const Ints& places, const Window& w, bool cover);
Floats unpool(const Floats& src, const Window& w, int index);

enum class Atomic {
  add,
  exchange,
  max,
  min,
  increment,
  decrement,
  conjunction,
  disjunction,
  exclusive,
  compare_and_swap,
  reduce_add,
  reduce_max,
  vector_add
};
/// All tasks of two clusters apply one operation to a counter: the counter and what the tasks
/// found.
Ints atomics(Atomic which, int start, int operand);
/// How many cores of each of two clusters have counted themselves.
Ints count_in_sram();
/// How many characters "5 x 1.50" and a new line are; asserts that the number is positive.
int print_and_assert(int number);

// builtins_matrix.mlu

enum class Number { f32, f16, bf16, i16, i8 };
struct Filter {
  int channel_input, height, width, kernel_height, kernel_width, stride_width, stride_height,
      channel_output;
  int dilation = 1;
};
/// src [height, width, channel_input], filters [channel_output, kernel_height, kernel_width,
/// channel_input] as numbers of those types; integers are rounded, and 2^position scales the
/// result.
Floats convolve(const Floats& src, const Floats& filters, const Floats& partial, const Filter& f,
                Number source, Number kernel, int position);
Floats multiply(const Floats& a, const Floats& b, int m, int k, int n, Number type, int position);
Floats perceptron(const Floats& x, const Floats& weight, const Floats& bias, int height, int width);

// builtins_seen.mlu

/// Philox4x32-10 of 64 counters that differ in their third word: the first words of the results,
/// then the second ones, and so on. `third_operand`: by __vv_trixor instead of two __vv_xor.
std::vector<uint32_t> philox(const std::vector<uint32_t>& counter, const std::vector<uint32_t>& key,
                             bool third_operand);
/// 1, 1.5, 2, ... 64.5; squares of the first 100.
Floats squared_lanes();

enum class Computed {
  sine,
  cosine,
  hypotenuse,
  truncated,
  remainder,
  fixed_point,
  from_fixed_point,
  saturated,
  root,
  sequence,
  largest,
  filled
};
/// Of a, or of a and b, as many numbers.
Floats computed(Computed which, const Floats& a, const Floats& b);
/// Four tasks give twice their number of src to the task opposite, and those at offsets follow; 1
/// if pointers are told apart. `least` becomes the smallest of it and of those.
Floats exchange(const Floats& src, const Ints& byte_offsets, int& least);

}  // namespace test::mlu
