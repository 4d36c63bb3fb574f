#include <reel/backends/cpu/kernels/gemm_gram.h>
#include <reel/backends/cpu/kernels/gemm_skinny.h>
#include <reel/backends/cpu/kernels/kernels.h>
#include <reel/backends/parallel.h>

namespace reel::cpu::REEL_ISA {
namespace {

template <class T>
void multiply_blocked(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
                      const Matrix<const T>& b, const Matrix<T>& c, bool symmetric = false) {
  const PanelOrder order =
      a.row_stride == 1 && a.column_stride != 1 ? PanelOrder::by_depth : PanelOrder::by_vector;
  multiply_in_tiles<T>(
      order, rows, columns, depth,
      [&](int64_t m, int64_t count, int64_t k, int64_t block, T* panel) {
        pack_rows<T>(order, a, m, count, k, block, panel);
      },
      [&](int64_t n, int64_t count, int vectors, int64_t k, int64_t block, T* panel) {
        pack_columns<T>(b, n, count, vectors, k, block, panel);
      },
      c, symmetric, a.column_stride == 1 && a.row_stride == depth ? a.data : nullptr);
}

template <class T>
Matrix<T> matrix_of(const View& view, int64_t batch = 0) {
  const int64_t* strides = view.strides + (view.rank - 2);
  T* data = view.as<std::remove_const_t<T>>();
  return {view.rank == 3 ? data + batch * view.strides[0] : data, strides[0], strides[1]};
}

// Integers have no micro-kernel: rows of C are summed along B's rows.
template <class T>
void multiply_integers(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
                       const Matrix<const T>& b, const Matrix<T>& c) {
  // Unsigned: overflow wraps, as it does in PyTorch.
  using Wrapping = std::make_unsigned_t<T>;
  parallel_for(0, rows, kTaskVolume / (columns * depth + 1) + 1, [&](int64_t m, int64_t m_end) {
    for (; m < m_end; ++m) {
      for (int64_t n = 0; n < columns; ++n) *c.at(m, n) = 0;
      for (int64_t k = 0; k < depth; ++k) {
        const auto factor = static_cast<Wrapping>(*a.at(m, k));
        for (int64_t n = 0; n < columns; ++n) {
          *c.at(m, n) = static_cast<T>(static_cast<Wrapping>(*c.at(m, n)) +
                                       factor * static_cast<Wrapping>(*b.at(k, n)));
        }
      }
    }
  });
}

template <class T>
void multiply(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
              const Matrix<const T>& b, const Matrix<T>& c) {
  if constexpr (std::is_floating_point_v<T>) {
    gemm(rows, columns, depth, a, b, c);
  } else if constexpr (sizeof(T) == 2) {
    gemm_low(rows, columns, depth, a, b, c);
  } else {
    multiply_integers(rows, columns, depth, a, b, c);
  }
}

// a [B, M, K], b [B, K, N], c [B, M, N]; mm is the case without B.
template <class T>
const char* batched(const Call& call) {
  const View &a = call.in[0], &b = call.in[1], &c = call.out[0];
  const int64_t batches = c.rank == 3 ? c.sizes[0] : 1;
  const int64_t rows = c.sizes[c.rank - 2], columns = c.sizes[c.rank - 1];
  const int64_t depth = a.sizes[a.rank - 1];
  if (c.numel == 0) return nullptr;
  const auto multiply_batch = [&](int64_t i) {
    multiply<T>(rows, columns, depth, matrix_of<const T>(a, i), matrix_of<const T>(b, i),
                matrix_of<T>(c, i));
  };
  // Many products are shared out whole, few ones are cut up inside; the sums are the same.
  if (batches >= kEnoughTasks || rows * columns * depth < kTaskVolume) {
    const int64_t grain = kTaskVolume / (rows * columns * depth + 1) + 1;
    parallel_for(0, batches, grain, [&](int64_t i, int64_t end) {
      for (; i < end; ++i) multiply_batch(i);
    });
  } else {
    for (int64_t i = 0; i < batches; ++i) multiply_batch(i);
  }
  return nullptr;
}

const char* matrix_product(const Call& call) {
  switch (call.out[0].dtype) {
    case kFloat:
      return batched<float>(call);
    case kDouble:
      return batched<double>(call);
    case kInt:
      return batched<int32_t>(call);
    case kLong:
      return batched<int64_t>(call);
    case kHalf:
      return batched<Half>(call);
    case kBFloat16:
      return batched<BFloat16>(call);
    default:
      return "no kernel for this dtype";
  }
}

// c [N, N] = a a' for a [N, M]: half of the products are those of the other half.
template <class T>
const char* gram(const Call& call) {
  const Matrix<const T> a = matrix_of<const T>(call.in[0]);
  const int64_t rows = call.in[0].sizes[0], depth = call.in[0].sizes[1];
  if (call.out[0].numel == 0) return nullptr;
  const Matrix<T> c = matrix_of<T>(call.out[0]);
  // So few rows leave the kernels below nothing to save by symmetry.
  if (rows <= 4) {
    gemm(rows, rows, depth, a, a.transposed(), c);
  } else if (a.row_stride == 1 && depth > 0) {
    gram_by_columns(rows, depth, a, c);
  } else {
    multiply_blocked(rows, rows, depth, a, a.transposed(), c, /*symmetric=*/true);
  }
  return nullptr;
}

const char* gram_matrix(const Call& call) {
  if (call.out[0].dtype == kFloat) return gram<float>(call);
  if (call.out[0].dtype == kDouble) return gram<double>(call);
  return "dtype is not float32 or float64";
}

}  // namespace

template <class T>
void gemm(int64_t rows, int64_t columns, int64_t depth, const Matrix<const T>& a,
          const Matrix<const T>& b, const Matrix<T>& c) {
  if (rows == 0 || columns == 0) return;
  if (rows * columns * depth <= kTinyVolume) {
    return multiply_plainly(rows, columns, depth, a, b, c);
  }
  if (rows <= kSkinnyRows && multiply_skinny(rows, columns, depth, a, b, c)) return;
  const Matrix<const T> at = a.transposed(), bt = b.transposed();
  if (columns <= kSkinnyRows && multiply_skinny(columns, rows, depth, bt, at, c.transposed())) {
    return;
  }
  // The micro-kernel stores rows; a C that lies the other way is the transpose of B' A'.
  if (c.column_stride != 1 && c.row_stride == 1) {
    return multiply_blocked(columns, rows, depth, bt, at, c.transposed());
  }
  multiply_blocked(rows, columns, depth, a, b, c);
}

template void gemm<float>(int64_t, int64_t, int64_t, const Matrix<const float>&,
                          const Matrix<const float>&, const Matrix<float>&);
template void gemm<double>(int64_t, int64_t, int64_t, const Matrix<const double>&,
                           const Matrix<const double>&, const Matrix<double>&);

void register_gemm(KernelTable& table) {
  table.add("mm", matrix_product);
  table.add("bmm", matrix_product);
  table.add("gram", gram_matrix);
}

}  // namespace reel::cpu::REEL_ISA
