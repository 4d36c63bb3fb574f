// The kernels of linear algebra: matrix after matrix of the batch through dense.h. ComplexFloat is
// computed in ComplexDouble, and so are all eigenvalues and singular values in Double: what
// iterates gains more from the digits than it loses in time.

#include <cmath>
#include <limits>

#include <reel/backends/reference/dense.h>
#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops/linalg.h>

namespace reel::reference {
namespace {

using LinalgTypes = TypeList<float, double, Complex<float>, Complex<double>>;

/// The type that matrices of T are factorized in, and that they are iterated in.
template <class T>
using Factored = std::conditional_t<std::floating_point<T>, T, std::complex<double>>;
template <class T>
using Iterated = std::conditional_t<std::floating_point<T>, double, std::complex<double>>;

template <class T>
struct RealTypeOf {
  using type = T;
};
template <class T>
struct RealTypeOf<Complex<T>> {
  using type = T;
};
template <class T>
using Real = typename RealTypeOf<T>::type;

template <class To, class From>
To element(const From& x) {
  if constexpr (std::floating_point<From>) {
    return To(static_cast<Real<To>>(x));
  } else {
    using Part = std::remove_cvref_t<decltype(To().real())>;
    return To(static_cast<Part>(x.real()), static_cast<Part>(x.imag()));
  }
}

template <class T>
double absolute(const T& x) {
  return std::abs(x);
}

template <class Visit>
const char* visit_linalg(const Call& call, const Visit& visit) {
  return LinalgTypes::visit(call.in[0].dtype, visit) ? nullptr : kNoDtype;
}

/// Calls body(offsets, index) for every element of the batch: with where it begins in each of the
/// views, and its number. The first view is of matrices.
template <class Body, class... Views>
void for_each_matrix(const Body& body, const View& first, const Views&... others) {
  Walk<1 + sizeof...(Views)> walk;
  for (int d = 0; d + 2 < first.rank; ++d) {
    walk.add(first.sizes[d], {first.strides[d], others.strides[d]...});
  }
  int64_t index = 0;
  walk.for_each([&](const auto& at) { body(at, index++); });
}

/// The matrix at an offset of a view of T.
template <class To, class T>
Dense<To> read(const View& view, int64_t offset) {
  const int64_t* sizes = view.sizes + (view.rank - 2);
  const int64_t* strides = view.strides + (view.rank - 2);
  const T* from = view.as<const T>() + offset;
  Dense<To> m(sizes[0], sizes[1]);
  for (int64_t c = 0; c < m.cols; ++c) {
    for (int64_t r = 0; r < m.rows; ++r) {
      m(r, c) = element<To>(from[r * strides[0] + c * strides[1]]);
    }
  }
  return m;
}

/// Writes entry(r, c) to all elements of the matrix at an offset of a view of T.
template <class T, class Entry>
void write(const View& view, int64_t offset, const Entry& entry) {
  const int64_t* sizes = view.sizes + (view.rank - 2);
  const int64_t* strides = view.strides + (view.rank - 2);
  T* to = view.as<T>() + offset;
  for (int64_t c = 0; c < sizes[1]; ++c) {
    for (int64_t r = 0; r < sizes[0]; ++r) {
      to[r * strides[0] + c * strides[1]] = element<T>(entry(r, c));
    }
  }
}

template <class T, class Values>
void write_vector(const View& view, int64_t offset, const Values& values) {
  T* to = view.as<T>() + offset;
  for (size_t i = 0; i < values.size(); ++i) {
    to[static_cast<int64_t>(i) * view.strides[view.rank - 1]] = element<T>(values[i]);
  }
}

template <class T>
Dense<T> adjoint(const Dense<T>& a) {
  Dense<T> result(a.cols, a.rows);
  for (int64_t c = 0; c < a.cols; ++c) {
    for (int64_t r = 0; r < a.rows; ++r) {
      if constexpr (std::floating_point<T>) {
        result(c, r) = a(r, c);
      } else {
        result(c, r) = std::conj(a(r, c));
      }
    }
  }
  return result;
}

/// Throws with the number of the matrix if there are several.
template <class... Args>
[[noreturn]] void fail_matrix(const char* op, const View& matrices, int64_t index,
                              fmt::format_string<Args...> format, Args&&... args) {
  const std::string element =
      matrices.rank > 2 ? fmt::format("(Batch element {}): ", index) : std::string();
  fail("{}: {}{}", op, element, fmt::format(format, static_cast<Args&&>(args)...));
}

[[noreturn]] void fail_to_converge(const char* op, const View& matrices, int64_t index,
                                   int64_t code) {
  fail_matrix(op, matrices, index,
              "The algorithm failed to converge because the input matrix is ill-conditioned or has "
              "too many repeated eigenvalues (error code: {}).",
              code);
}

const char* cholesky(const Call& call) {
  const View& in = call.in[0];
  const auto& op = call.as<ops::Cholesky>();
  return visit_linalg(call, [&]<class T>() {
    for_each_matrix(
        [&](const auto& at, int64_t index) {
          Dense<Factored<T>> a = read<Factored<T>, T>(in, at[0]);
          if (op.upper) a = adjoint(a);
          const int64_t minor = cholesky_in_place(a);
          if (minor > 0) {
            fail_matrix(op.legacy ? "cholesky" : "linalg.cholesky", in, index,
                        "The factorization could not be completed because the input is not "
                        "positive-definite (the leading minor of order {} is not "
                        "positive-definite).",
                        minor);
          }
          for (int64_t c = 0; c < a.cols; ++c) {
            for (int64_t r = 0; r < c; ++r) a(r, c) = Factored<T>(0);
          }
          if (op.upper) a = adjoint(a);
          write<T>(call.out[0], at[1], a);
        },
        in, call.out[0]);
  });
}

const char* lu(const Call& call) {
  const View& in = call.in[0];
  return visit_linalg(call, [&]<class T>() {
    using F = Factored<T>;
    for_each_matrix(
        [&](const auto& at, int64_t) {
          Dense<F> a = read<F, T>(in, at[0]);
          const Swaps swaps = lu_in_place(a);
          std::vector<int64_t> row(static_cast<size_t>(a.rows));
          for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<int64_t>(i);
          for (size_t k = 0; k < static_cast<size_t>(a.pivots()); ++k) {
            std::swap(row[k], row[static_cast<size_t>(swaps.swaps[k])]);
          }
          write<T>(call.out[0], at[1], [&](int64_t r, int64_t c) {
            return row[static_cast<size_t>(c)] == r ? F(1) : F(0);
          });
          write<T>(call.out[1], at[2], [&](int64_t r, int64_t c) {
            return r > c ? a(r, c) : r == c ? F(1) : F(0);
          });
          write<T>(call.out[2], at[3],
                   [&](int64_t r, int64_t c) { return r <= c ? a(r, c) : F(0); });
        },
        in, call.out[0], call.out[1], call.out[2]);
  });
}

const char* det(const Call& call) {
  const View& in = call.in[0];
  return visit_linalg(call, [&]<class T>() {
    using F = Factored<T>;
    for_each_matrix(
        [&](const auto& at, int64_t) {
          Dense<F> a = read<F, T>(in, at[0]);
          F product = lu_in_place(a).odd ? F(-1) : F(1);
          for (int64_t k = 0; k < a.rows; ++k) product *= a(k, k);
          call.out[0].as<T>()[at[1]] = element<T>(product);
        },
        in, call.out[0]);
  });
}

template <class F>
F sign_of(const F& x) {
  if constexpr (std::floating_point<F>) {
    return x > 0 ? F(1) : x < 0 ? F(-1) : F(0);
  } else {
    const double magnitude = std::abs(x);
    return magnitude == 0 ? F(0) : x / magnitude;
  }
}

const char* slogdet(const Call& call) {
  const View& in = call.in[0];
  return visit_linalg(call, [&]<class T>() {
    using F = Factored<T>;
    for_each_matrix(
        [&](const auto& at, int64_t) {
          Dense<F> a = read<F, T>(in, at[0]);
          F sign = lu_in_place(a).odd ? F(-1) : F(1);
          double log = 0;
          for (int64_t k = 0; k < a.rows; ++k) {
            sign *= sign_of(a(k, k));
            log += std::log(absolute(a(k, k)));
          }
          call.out[0].as<T>()[at[1]] = element<T>(sign);
          call.out[1].as<Real<T>>()[at[2]] = static_cast<Real<T>>(log);
        },
        in, call.out[0], call.out[1]);
  });
}

// X in the place of B; false if A is singular.
template <class F>
bool solve_general(Dense<F>& a, Dense<F>& b, int64_t& zero_pivot) {
  const Swaps swaps = lu_in_place(a);
  for (zero_pivot = 0; zero_pivot < a.rows; ++zero_pivot) {
    if (a(zero_pivot, zero_pivot) == F(0)) return false;
  }
  for (int64_t k = 0; k < a.rows; ++k) {
    const int64_t other = swaps.swaps[static_cast<size_t>(k)];
    for (int64_t c = 0; c < b.cols && other != k; ++c) std::swap(b(k, c), b(other, c));
  }
  solve_triangle(a, b, /*lower=*/true, /*unit=*/true);
  solve_triangle(a, b, /*lower=*/false, /*unit=*/false);
  return true;
}

const char* solve(const Call& call) {
  const View& in = call.in[0];
  const auto& op = call.as<ops::Solve>();
  using ops::IfSingular;
  using ops::MatrixKind;
  return visit_linalg(call, [&]<class T>() {
    using F = Factored<T>;
    for_each_matrix(
        [&](const auto& at, int64_t index) {
          Dense<F> a = read<F, T>(in, at[0]);
          Dense<F> x = read<F, T>(call.in[1], at[1]);
          int64_t zero = 0;
          if (op.kind != MatrixKind::General) {
            solve_triangle(a, x, op.kind == MatrixKind::Lower || op.kind == MatrixKind::UnitLower,
                           op.kind == MatrixKind::UnitLower || op.kind == MatrixKind::UnitUpper);
          } else if (!solve_general(a, x, zero)) {
            if (op.if_singular == IfSingular::FailSolve) {
              fail_matrix("torch.linalg.solve", in, index,
                          "The solver failed because the input matrix is singular.");
            }
            if (op.if_singular == IfSingular::FailInverse) {
              fail_matrix("linalg.inv", in, index,
                          "The diagonal element {} is zero, the inversion could not be completed "
                          "because the input matrix is singular.",
                          zero + 1);
            }
            for (F& value : x.data) value = std::numeric_limits<double>::infinity();
          }
          write<T>(call.out[0], at[2], x);
        },
        in, call.in[1], call.out[0]);
  });
}

const char* qr(const Call& call) {
  const View& in = call.in[0];
  return visit_linalg(call, [&]<class T>() {
    using F = Factored<T>;
    for_each_matrix(
        [&](const auto& at, int64_t) {
          Dense<F> a = read<F, T>(in, at[0]);
          const bool complete = call.as<ops::Qr>().complete;
          write<T>(call.out[0], at[1], qr_in_place(a, complete ? a.rows : a.pivots()));
          write<T>(call.out[1], at[2],
                   [&](int64_t r, int64_t c) { return r <= c ? a(r, c) : F(0); });
        },
        in, call.out[0], call.out[1]);
  });
}

const char* eigh(const Call& call) {
  const View& in = call.in[0];
  const auto& op = call.as<ops::Eigh>();
  return visit_linalg(call, [&]<class T>() {
    const View& vectors = op.vectors ? call.out[1] : in;
    for_each_matrix(
        [&](const auto& at, int64_t index) {
          Dense<Iterated<T>> a = read<Iterated<T>, T>(in, at[0]);
          if (op.upper) a = adjoint(a);
          const auto s = eigen_hermitian(a, op.vectors);
          if (!s.converged) fail_to_converge("linalg.eigh", in, index, a.rows);
          write_vector<Real<T>>(call.out[0], at[1], s.values);
          if (op.vectors) write<T>(vectors, at[2], s.left);
        },
        in, call.out[0], vectors);
  });
}

template <class T>
bool all_finite(const Dense<T>& a) {
  for (const T& x : a.data) {
    if (!std::isfinite(absolute(x))) return false;
  }
  return true;
}

const char* eig(const Call& call) {
  const View& in = call.in[0];
  const auto& op = call.as<ops::Eig>();
  return visit_linalg(call, [&]<class T>() {
    using C = Complex<Real<T>>;
    const View& vectors = op.vectors ? call.out[1] : in;
    for_each_matrix(
        [&](const auto& at, int64_t index) {
          const Dense<Iterated<T>> a = read<Iterated<T>, T>(in, at[0]);
          if (!all_finite(a)) {
            fail("torch.linalg.eig: input tensor should not contain infs or NaNs.");
          }
          const auto s = eigen_general(a, op.vectors);
          if (!s.converged) fail_to_converge("linalg.eig", in, index, a.rows);
          write_vector<C>(call.out[0], at[1], s.values);
          if (op.vectors) write<C>(vectors, at[2], s.left);
        },
        in, call.out[0], vectors);
  });
}

const char* svd(const Call& call) {
  const View& in = call.in[0];
  const auto& op = call.as<ops::Svd>();
  return visit_linalg(call, [&]<class T>() {
    const View& values = call.out[op.vectors ? 1 : 0];
    const View& left = op.vectors ? call.out[0] : in;
    const View& right = op.vectors ? call.out[2] : in;
    for_each_matrix(
        [&](const auto& at, int64_t index) {
          const Dense<Iterated<T>> a = read<Iterated<T>, T>(in, at[0]);
          for (const auto& x : a.data) {
            if (!std::isnan(absolute(x))) continue;
            fail_matrix("linalg.svd", in, index,
                        "The algorithm failed to converge because the input matrix contained "
                        "non-finite values.");
          }
          const auto s = singular(a, op.full, op.vectors);
          if (!s.converged) fail_to_converge("linalg.svd", in, index, a.cols);
          write_vector<Real<T>>(values, at[1], s.values);
          if (!op.vectors) return;
          write<T>(left, at[2], s.left);
          write<T>(right, at[3], adjoint(s.right));
        },
        in, values, left, right);
  });
}

}  // namespace

void register_linalg(KernelTable& table) {
  table.add(ops::Cholesky::name, cholesky);
  table.add(ops::Lu::name, lu);
  table.add(ops::Det::name, det);
  table.add(ops::Slogdet::name, slogdet);
  table.add(ops::Solve::name, solve);
  table.add(ops::Qr::name, qr);
  table.add(ops::Eigh::name, eigh);
  table.add(ops::Eig::name, eig);
  table.add(ops::Svd::name, svd);
}

}  // namespace reel::reference
