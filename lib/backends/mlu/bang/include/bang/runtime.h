#pragma once

// What the builtins of bang.h and the code that mlucc writes ask of the simulator. The header is
// C++17 and light: it is part of every kernel's translation unit.

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bang {

/// The memories of the card. `host` is whatever is none of them.
enum class Space : uint8_t { host, gdram, nram, wram, sram };

/// A line of the kernel's source. As a default argument it is the line of the call.
struct Site {
  const char* file;
  int line;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// What a core knows of its task.
struct Task {
  int id = 0, id_x = 0, id_y = 0, id_z = 0;
  int dim = 1, dim_x = 1, dim_y = 1, dim_z = 1;
  int cluster = 0, cluster_dim = 0;
  int core = 0, core_dim = 4;  ///< core is 0x80 on the memory core of a cluster
  bool memory_core() const { return core == 0x80; }
};
/// The task of the core that runs the calling thread; an error outside a kernel.
const Task& task();

/// True in a kernel, false in code of the host.
bool in_kernel();
/// The memory that p points into, as the calling core sees it.
Space space_of(const void* p);

/// The compute capability in the number of the architecture: 372 for mtp_372.
int arch_number();
/// True where builtins are to compute as the card documents its approximations, false for the
/// nearest value (REEL_MLU_NUMERICS=approximate | ideal, default ideal).
bool approximate();
/// Multiply-adds of a core's matrix unit in a cycle, for operands of so many bits.
double matrix_rate(int a_bits, int b_bits, bool floating);

/// One builtin that is about to run on the calling core: checks its operands, marks what it
/// writes, and accounts for its cycles. Operands are named first, then the builtin computes:
///
///   Op op("__bang_add", site);
///   op.reads(a, n).reads(b, n).writes(dst, n);
///   op.vector(n * sizeof(T), 2);
///   for (int i = 0; i < n; ++i) dst[i] = a[i] + b[i];
///
/// A failed check ends the kernel on all cores (an exception that no kernel should catch).
class Op {
 public:
  Op(const char* name, Site site);

  /// `count` elements from p on, in NRAM unless it is said otherwise.
  template <class T>
  Op& reads(const T* p, int64_t count, Space space = Space::nram) {
    return operand(p, count * static_cast<int64_t>(sizeof(T)), space, false);
  }
  template <class T>
  Op& writes(T* p, int64_t count, Space space = Space::nram) {
    return operand(p, count * static_cast<int64_t>(sizeof(T)), space, true);
  }
  /// `rows` spans of `count` elements, `stride` bytes apart.
  template <class T>
  Op& reads_rows(const T* p, int64_t count, int64_t rows, int64_t stride,
                 Space space = Space::nram) {
    for (int64_t i = 0; i < rows; ++i) reads(offset(p, i * stride), count, space);
    return *this;
  }
  template <class T>
  Op& writes_rows(T* p, int64_t count, int64_t rows, int64_t stride, Space space = Space::nram) {
    for (int64_t i = 0; i < rows; ++i) writes(offset(p, i * stride), count, space);
    return *this;
  }
  /// Wrong arguments: ends the kernel with "name: <expected>, got <given>".
  void require(bool condition, const char* expected, int64_t given);
  /// An address that this generation of cards can not use: not a multiple of `unit` bytes.
  void aligned(const void* p, int64_t unit);
  /// The same of a size: so many bytes at a time are all that it can do.
  void whole(int64_t bytes, int64_t unit);

  /// The vector unit takes 128 bytes at a time, `cycles` each.
  void vector(int64_t bytes, double cycles);
  /// The matrix unit: `operations` multiply-adds, `per_cycle` of them at a time.
  void matrix(double operations, double per_cycle);
  /// The core's scalar unit.
  void scalar(double cycles);

 private:
  template <class T>
  static T* offset(T* p, int64_t bytes) {
    using Byte = std::conditional_t<std::is_const_v<T>, const char, char>;
    return reinterpret_cast<T*>(reinterpret_cast<Byte*>(p) + bytes);
  }
  Op& operand(const void* p, int64_t bytes, Space space, bool write);

  const char* name_;
  Site site_;
};

/// A copy of three nested loops, all in bytes: `size` bytes; `segments1` + 1 of them in strides
/// of `*_stride0`; `segments2` + 1 of those in strides of `*_stride1`. (BANG C counts sections
/// minus one.)
struct CopyShape {
  int64_t size;
  int64_t dst_stride0 = 0, dst_segments1 = 0, dst_stride1 = 0, dst_segments2 = 0;
  int64_t src_stride0 = 0, src_segments1 = 0, src_stride1 = 0, src_segments2 = 0;
};
/// `direction` is a mluMemcpyDirection_t. An asynchronous copy arrives when its queue is joined.
void copy(const char* name, Site site, void* dst, const void* src, int direction,
          const CopyShape& shape, bool asynchronous, int dst_cluster = -1);

/// Fills `count` elements of `width` bytes with a pattern.
void fill(const char* name, Site site, void* dst, int64_t count, int width, const void* pattern,
          Space space);

/// Which queues of the core a `__sync_*` joins.
enum Queues : unsigned { kIo = 1, kMove = 2, kCompute = 4, kAllQueues = 7 };
void sync_queues(const char* name, Site site, unsigned queues);

/// Which cores a barrier is for. All of them join the queues of the core too.
enum class Barrier : uint8_t { cluster, cluster_ipu, all, all_ipu, all_mpu };
void sync_cores(const char* name, Site site, Barrier barrier);

/// Critical sections across the device (__bang_lock): as many ids as the card has, 0..1023.
void lock(const char* name, Site site, int id0, int id1);
void unlock(const char* name, Site site, int id0, int id1);
/// One at a time over all cores: for the atomics on GDRAM and SRAM.
void atomic_begin();
void atomic_end();

/// c [m, n] = a [m, k] b [k, n] (row-major, float), by reel's own product.
void multiply(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c);

/// Ends the kernel: `__assert_fail` and `abort` of kernels.
[[noreturn]] void fail(const char* name, Site site, const char* message);
/// What kernels print, one whole message at a time: "core 3: ...".
void print(const char* text);

/// Memory of the calling core for a `__nram__`, `__wram__` or `__mlu_shared__` variable, laid out
/// one after the other, 128-byte aligned, filled with `initial` or left as it is; of the host for
/// `__ldram__`. More than the card has is an error that names the array.
void* place(Space space, size_t bytes, const char* name, Site site, const void* initial = nullptr);
/// What mlucc makes of a declaration `__nram__ T name;` (T may be an array):
/// `static thread_local T (&name) = variable<T>(Space::nram, "name", {file, line})`. A core is a
/// thread of its own for the time of a launch.
template <class T>
T& variable(Space space, const char* name, Site site) {
  return *static_cast<T*>(place(space, sizeof(T), name, site));
}
/// The same of one with an initialiser, which is written at each launch on each core.
template <class T>
T& variable(Space space, const char* name, Site site, const T& initial) {
  return *static_cast<T*>(place(space, sizeof(T), name, site, &initial));
}

}  // namespace bang
