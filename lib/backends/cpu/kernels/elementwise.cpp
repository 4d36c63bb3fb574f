#include <algorithm>
#include <cstring>

#include <reel/backends/cpu/kernels/copy.h>
#include <reel/backends/cpu/kernels/elementwise.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/cpu/kernels/narrow.h>
#include <reel/backends/parallel.h>

namespace reel::cpu::REEL_ISA {
namespace {

constexpr int kMaxInputs = Geometry::kMaxViews - 1;
// What is gathered or scattered at a time: stays in the first-level cache with all operands.
constexpr int64_t kBlockBytes = 4096;
// Rows at least this long are walked one by one, shorter ones are gathered into blocks.
constexpr int64_t kLongRow = 256;
// Inputs of this size that lie across the output's order are brought into it first.
constexpr int64_t kLongCrosswise = 16384;

// Views whose elements lie one after the other, the output first.
struct Linear {
  char* data[Geometry::kMaxViews] = {};  // nullptr where an input is absent
  int64_t items[Geometry::kMaxViews] = {};
  int count = 0;

  void add(const View& view) {
    if (view.defined()) {
      data[count] = view.as<char>();
      items[count] = static_cast<int64_t>(element_size(view.dtype));
    }
    ++count;
  }
};

void run_linear(const Linear& linear, ElementLoop loop, const void* op, int64_t numel,
                int64_t chunk) {
  parallel_for(0, numel, chunk, [&](int64_t begin, int64_t end) {
    const void* in[kMaxInputs] = {};
    for (int v = 1; v < linear.count; ++v) {
      if (linear.data[v] != nullptr) in[v - 1] = linear.data[v] + begin * linear.items[v];
    }
    loop(op, linear.data[0] + begin * linear.items[0], in, end - begin);
  });
}

// A run of elements of one stride into consecutive ones (or back).
template <class T>
void gather_run(void* to, const void* from, int64_t stride, int64_t n) {
  T* out = static_cast<T*>(to);
  const T* in = static_cast<const T*>(from);
  if (stride == 0) {
    std::fill_n(out, n, *in);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
  }
}
template <class T>
void scatter_run(void* to, const void* from, int64_t stride, int64_t n) {
  T* out = static_cast<T*>(to);
  const T* in = static_cast<const T*>(from);
  for (int64_t i = 0; i < n; ++i) out[i * stride] = in[i];
}

// A View on its way through the loop: its memory, element size, and where it is not linear the
// block that stands in for it.
struct Operand {
  char* data = nullptr;
  int64_t item = 0;
  bool linear = false;
  bool periodic = false;  // a short row again and again: a constant, a bias in the last dimension
  char* block = nullptr;
  const char* held = nullptr;  // what the block is full of, if it is one row or value throughout

  void gather(char* to, int64_t offset, int64_t stride, int64_t n) const {
    const char* from = data + offset * item;
    if (stride == 1) {
      std::memcpy(to, from, static_cast<size_t>(n * item));
    } else if (item == 4) {
      gather_run<uint32_t>(to, from, stride, n);
    } else if (item == 8) {
      gather_run<uint64_t>(to, from, stride, n);
    } else if (item == 2) {
      gather_run<uint16_t>(to, from, stride, n);
    } else {
      gather_run<uint8_t>(to, from, stride, n);
    }
  }
  void scatter(const char* from, int64_t offset, int64_t stride, int64_t n) const {
    char* to = data + offset * item;
    if (stride == 1) {
      std::memcpy(to, from, static_cast<size_t>(n * item));
    } else if (item == 4) {
      scatter_run<uint32_t>(to, from, stride, n);
    } else if (item == 8) {
      scatter_run<uint64_t>(to, from, stride, n);
    } else if (item == 2) {
      scatter_run<uint16_t>(to, from, stride, n);
    } else {
      scatter_run<uint8_t>(to, from, stride, n);
    }
  }
};

// Calls piece(offset, stride, start, n) for the runs of `count` elements from `cursor` on.
template <class Piece>
void for_each_run(const Geometry& geometry, int view, Cursor cursor, int64_t count,
                  const Piece& piece) {
  const int64_t row = geometry.inner_size();
  const int64_t stride = geometry.inner_stride(view);
  for (int64_t done = 0; done < count;) {
    const int64_t n = std::min(count - done, row - cursor.inner());
    piece(cursor.offset(view), stride, done, n);
    cursor.advance(n);
    done += n;
  }
}

// Fills a block of `capacity` elements with one row of `row` elements again and again.
void fill_periodic(Operand& operand, int64_t row, int64_t stride, int64_t capacity) {
  for (int64_t done = 0; done < capacity; done += row) {
    operand.gather(operand.block + done * operand.item, 0, stride, std::min(row, capacity - done));
  }
  operand.held = operand.data;
}

// Elements [begin, end) of the walk. View 0 is the output.
void run_range(const Geometry& geometry, const Operand* shared, const void* op, ElementLoop loop,
               int64_t block, int64_t begin, int64_t end) {
  alignas(64) char blocks[Geometry::kMaxViews][kBlockBytes];
  Operand operands[Geometry::kMaxViews];
  const int count = geometry.views();
  for (int v = 0; v < count; ++v) {
    operands[v] = shared[v];
    operands[v].block = blocks[v];
  }
  const int64_t row = geometry.inner_size();
  const bool by_rows = row >= kLongRow;
  Cursor cursor(geometry, begin);
  for (int64_t position = begin; position < end;) {
    int64_t n = std::min(block, end - position);
    if (by_rows) n = std::min(n, row - cursor.inner());

    const auto direct = [&](int v) -> char* {
      const Operand& operand = operands[v];
      if (operand.linear) return operand.data + position * operand.item;
      if (by_rows && geometry.inner_stride(v) == 1) {
        return operand.data + cursor.offset(v) * operand.item;
      }
      return nullptr;
    };
    const void* in[kMaxInputs] = {};
    for (int v = 1; v < count; ++v) {
      Operand& operand = operands[v];
      if (operand.data == nullptr) continue;
      in[v - 1] = direct(v);
      if (in[v - 1] != nullptr) continue;
      in[v - 1] = operand.block;
      if (operand.periodic) {
        if (operand.held == nullptr) {
          fill_periodic(operand, row, geometry.inner_stride(v), block + row);
        }
        in[v - 1] = operand.block + cursor.inner() * operand.item;
        continue;
      }
      if (by_rows && geometry.inner_stride(v) == 0) {
        const char* value = operand.data + cursor.offset(v) * operand.item;
        if (operand.held != value) operand.gather(operand.block, cursor.offset(v), 0, block);
        operand.held = value;
        continue;
      }
      for_each_run(geometry, v, cursor, n,
                   [&](int64_t offset, int64_t stride, int64_t start, int64_t length) {
                     operand.gather(operand.block + start * operand.item, offset, stride, length);
                   });
    }
    const Operand& out = operands[0];
    if (char* to = direct(0)) {
      loop(op, to, in, n);
    } else {
      loop(op, out.block, in, n);
      for_each_run(geometry, 0, cursor, n,
                   [&](int64_t offset, int64_t stride, int64_t start, int64_t length) {
                     out.scatter(out.block + start * out.item, offset, stride, length);
                   });
    }
    position += n;
    if (position == end) break;
    if (by_rows) {
      cursor.advance(n);
    } else {
      cursor.seek(position);
    }
  }
}

bool is_row_major(const View& view) {
  if (view.row_major) return true;
  int64_t expected = 1;
  for (int d = view.rank - 1; d >= 0; --d) {
    if (view.sizes[d] != 1 && view.strides[d] != expected) return false;
    expected *= view.sizes[d];
  }
  return true;
}

// Larger for larger calls, so that few chunks are handed out; depends on the size alone.
int64_t chunk_size(int64_t numel, int64_t grain) {
  constexpr int64_t kChunks = 64;
  const int64_t share = (numel / kChunks + 1023) / 1024 * 1024;
  return std::clamp(share, grain, 8 * grain);
}

void run_geometry(const Geometry& geometry, Operand* operands, const void* op, ElementLoop loop,
                  int64_t chunk) {
  bool all_linear = true;
  int64_t item = 1;
  for (int v = 0; v < geometry.views(); ++v) {
    operands[v].linear = geometry.linear(v);
    operands[v].periodic = geometry.inner_size() < kLongRow && geometry.periodic(v);
    all_linear = all_linear && operands[v].linear;
    item = std::max(item, operands[v].item);
  }
  if (all_linear) {
    Linear linear;
    for (int v = 0; v < geometry.views(); ++v) {
      linear.data[v] = operands[v].data;
      linear.items[v] = operands[v].data == nullptr ? 0 : operands[v].item;
    }
    linear.count = geometry.views();
    return run_linear(linear, loop, op, geometry.numel(), chunk);
  }
  // A periodic operand's block is longer by a row, so that it can begin anywhere in one.
  const int64_t spare = geometry.inner_size() < kLongRow ? geometry.inner_size() : 0;
  const int64_t block = kBlockBytes / item - spare;
  parallel_for(0, geometry.numel(), chunk, [&](int64_t begin, int64_t end) {
    run_range(geometry, operands, op, loop, block, begin, end);
  });
}

// With a copy of one input that lies as the output does. To transpose in blocks first is several
// times faster than to meet a new cache line with every element.
const char* run_aligned(const Call& call, int input, ElementLoop loop, int64_t grain) {
  const Aligned aligned(call.in[input], call.out[0]);
  View inputs[kMaxInputs];
  std::copy_n(call.in, call.num_in, inputs);
  inputs[input] = aligned.view();
  Call changed = call;
  changed.in = inputs;
  return run_elementwise(changed, loop, grain);
}

// Where not all lie in rows one after the other.
const char* run_strided(const Call& call, ElementLoop loop, int64_t grain) {
  const View& out = call.out[0];
  Operand operands[Geometry::kMaxViews];
  const View* views[Geometry::kMaxViews] = {&out};
  // An absent input is walked like the output and not touched.
  for (int i = 0; i < call.num_in; ++i) views[1 + i] = call.in[i].defined() ? &call.in[i] : &out;
  const int count = 1 + call.num_in;
  for (int v = 0; v < count; ++v) {
    const bool absent = v > 0 && !call.in[v - 1].defined();
    operands[v].data = absent ? nullptr : static_cast<char*>(views[v]->data);
    operands[v].item = static_cast<int64_t>(element_size(views[v]->dtype));
  }
  Geometry geometry(count);
  if (!make_geometry(geometry, views)) return kManyDims;
  if (geometry.linear(0) && out.numel >= kLongCrosswise) {
    for (int v = 1; v < count; ++v) {
      if (operands[v].data == nullptr || !geometry.crosswise(v)) continue;
      return run_aligned(call, v - 1, loop, grain);
    }
  }
  run_geometry(geometry, operands, call.attrs, loop, chunk_size(out.numel, grain));
  return nullptr;
}

// What widened_loop gets in place of an op.
struct Widened {
  ElementLoop loop;
  const void* op;
  int inputs;
};

template <class T>
void widened_loop(const void* attrs, void* out, const void* const* in, int64_t n) {
  const auto& widened = *static_cast<const Widened*>(attrs);
  constexpr int64_t kRun = 256;
  alignas(64) float x[kMaxInputs][kRun], y[kRun];
  const void* wide[kMaxInputs];
  for (int64_t i = 0; i < n; i += kRun) {
    const int64_t count = std::min(kRun, n - i);
    for (int j = 0; j < widened.inputs; ++j) {
      widen(static_cast<const T*>(in[j]) + i, count, x[j]);
      wide[j] = x[j];
    }
    widened.loop(widened.op, y, wide, count);
    narrow(y, count, static_cast<T*>(out) + i);
  }
}

}  // namespace

const char* run_elementwise(const Call& call, ElementLoop loop, int64_t grain) {
  const View& out = call.out[0];
  if (out.numel == 0) return nullptr;
  bool row_major = is_row_major(out);
  for (int i = 0; i < call.num_in && row_major; ++i) row_major = is_row_major(call.in[i]);
  if (!row_major) return run_strided(call, loop, grain);
  Linear linear;
  linear.add(out);
  for (int i = 0; i < call.num_in; ++i) linear.add(call.in[i]);
  run_linear(linear, loop, call.attrs, out.numel, chunk_size(out.numel, grain));
  return nullptr;
}

const char* run_widened(const Call& call, ElementLoop float_loop, int64_t grain) {
  const ScalarType dtype = call.out[0].dtype;
  for (int i = 0; i < call.num_in; ++i) {
    if (call.in[i].dtype != dtype) return kNoDtype;
  }
  const Widened widened{float_loop, call.attrs, call.num_in};
  Call by_floats = call;
  by_floats.attrs = &widened;
  return run_elementwise(by_floats, dtype == kHalf ? widened_loop<Half> : widened_loop<BFloat16>,
                         grain);
}

void register_elementwise(KernelTable& table) {
  register_unary(table);
  register_unary_grad(table);
  register_binary(table);
}

}  // namespace reel::cpu::REEL_ISA
