#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/ops/matmul.h>

namespace reel::reference {
namespace {

// c [M, N] = a [M, K] b [K, N]; the strides of the last two dimensions of each.
template <class T>
void multiply(const T* a, const int64_t* a_strides, const T* b, const int64_t* b_strides, T* c,
              const int64_t* c_strides, int64_t rows, int64_t cols, int64_t depth) {
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < cols; ++n) {
      Accumulate<T> sum = 0;
      for (int64_t k = 0; k < depth; ++k) {
        sum += convert<Accumulate<T>>(a[m * a_strides[0] + k * a_strides[1]]) *
               convert<Accumulate<T>>(b[k * b_strides[0] + n * b_strides[1]]);
      }
      c[m * c_strides[0] + n * c_strides[1]] = convert<T>(sum);
    }
  }
}

const char* mm(const Call& call) {
  const View& a = call.in[0];
  const View& b = call.in[1];
  const View& c = call.out[0];
  const bool done = RealTypes::visit(c.dtype, [&]<class T>() {
    multiply(a.as<const T>(), a.strides, b.as<const T>(), b.strides, c.as<T>(), c.strides,
             c.sizes[0], c.sizes[1], a.sizes[1]);
  });
  return done ? nullptr : kNoDtype;
}

const char* bmm(const Call& call) {
  const View& a = call.in[0];
  const View& b = call.in[1];
  const View& c = call.out[0];
  const bool done = RealTypes::visit(c.dtype, [&]<class T>() {
    for (int64_t i = 0; i < c.sizes[0]; ++i) {
      multiply(a.as<const T>() + i * a.strides[0], a.strides + 1,
               b.as<const T>() + i * b.strides[0], b.strides + 1, c.as<T>() + i * c.strides[0],
               c.strides + 1, c.sizes[1], c.sizes[2], a.sizes[2]);
    }
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_matmul(KernelTable& table) {
  table.add(ops::Mm::name, mm);
  table.add(ops::Bmm::name, bmm);
}

}  // namespace reel::reference
