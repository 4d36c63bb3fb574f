#include <reel/backends/reference/loops.h>
#include <reel/backends/reference/reference.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/scatter_reduce.h>

namespace reel::reference {
namespace {

// What PyTorch says of whole slices.
constexpr const char* kOutOfRange = "index out of range in self: ";

// Before anything is written, so that a bad index leaves a tensor that is changed in place whole.
void check_indices(const Call& call, const View& index, int64_t dim, int64_t size,
                   const char* more = "") {
  walk_all(index).for_each([&](const auto& at) {
    const int64_t i = index.as<const int64_t>()[at[0]];
    if (i < 0 || i >= size) {
      fail_index("{}: {}index {} is out of bounds for dimension {} with size {}", call.op, more, i,
                 dim, size);
    }
  });
}

// y = x, unless y is x.
template <class T>
void copy_all(const View& x, const View& y) {
  if (x.data == y.data) return;
  walk_all(x, y).for_each([&](const auto& at) { y.as<T>()[at[1]] = x.as<const T>()[at[0]]; });
}

const char* gather(const Call& call) {
  const View& x = call.in[0];
  const View& index = call.in[1];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::Gather>().dim;
  check_indices(call, index, dim, size_along(x, dim));
  if (index.numel == 0) return nullptr;  // then of any rank
  // Walks the index's shape; along dim the position in x comes from the index.
  Walk<3> walk;
  for (int d = 0; d < index.rank; ++d) {
    const int64_t x_stride = d == dim ? 0 : x.strides[d];
    walk.add(index.sizes[d], {x_stride, index.strides[d], y.strides[d]});
  }
  const bool done = AllTypes::visit(x.dtype, [&]<class T>() {
    walk.for_each([&](const auto& at) {
      const int64_t i = index.as<const int64_t>()[at[1]];
      y.as<T>()[at[2]] = x.as<const T>()[at[0] + i * stride_along(x, dim)];
    });
  });
  return done ? nullptr : kNoDtype;
}

// y = x, then update(y element, source element) at every index.
template <class T, class Update>
void scatter_with(const Call& call, int64_t dim, const Update& update) {
  const View& index = call.in[1];
  const View& source = call.in[2];
  const View& y = call.out[0];
  check_indices(call, index, dim, size_along(y, dim));
  copy_all<T>(call.in[0], y);
  if (index.numel == 0) return;  // then of any rank
  Walk<3> walk;
  for (int d = 0; d < index.rank; ++d) {
    const int64_t y_stride = d == dim ? 0 : y.strides[d];
    walk.add(index.sizes[d], {y_stride, index.strides[d], source.strides[d]});
  }
  walk.for_each([&](const auto& at) {
    const int64_t i = index.as<const int64_t>()[at[1]];
    update(y.as<T>()[at[0] + i * stride_along(y, dim)], source.as<const T>()[at[2]]);
  });
}

// y = x, then update(y element, source element) for slice index[i] of y and slice i of source.
template <class T, class Update>
void update_slices(const Call& call, int64_t dim, const char* words, const Update& update) {
  const View& index = call.in[1];
  const View& source = call.in[2];
  const View& y = call.out[0];
  check_indices(call, index, dim, size_along(y, dim), words);
  copy_all<T>(call.in[0], y);
  for (int64_t i = 0; i < index.numel; ++i) {
    const int64_t to = index.as<const int64_t>()[i * stride_along(index, 0)];
    T* y_slice = y.as<T>() + to * stride_along(y, dim);
    const T* source_slice = source.as<const T>() + i * stride_along(source, dim);
    walk_except(dim, y, source).for_each([&](const auto& at) {
      update(y_slice[at[0]], source_slice[at[1]]);
    });
  }
}

template <class T>
void add_to(T& y, const T& source) {
  y = convert<T>(
      static_cast<Accumulate<T>>(convert<Accumulate<T>>(y) + convert<Accumulate<T>>(source)));
}
template <class T>
void assign_to(T& y, const T& source) {
  y = source;
}

const char* scatter_add(const Call& call) {
  const bool done = AllTypes::visit(call.out[0].dtype, [&]<class T>() {
    scatter_with<T>(call, call.as<ops::ScatterAdd>().dim, add_to<T>);
  });
  return done ? nullptr : kNoDtype;
}

const char* scatter(const Call& call) {
  const bool done = AllTypes::visit(call.out[0].dtype, [&]<class T>() {
    scatter_with<T>(call, call.as<ops::Scatter>().dim, assign_to<T>);
  });
  return done ? nullptr : kNoDtype;
}

template <class T>
void multiply_by(T& y, const T& source) {
  if constexpr (std::same_as<T, bool>) {
    y = y && source;
  } else if constexpr (std::integral<T>) {
    y = static_cast<T>(static_cast<uint64_t>(y) * static_cast<uint64_t>(source));
  } else {
    y = convert<T>(convert<Compute<T>>(y) * convert<Compute<T>>(source));
  }
}
template <class T>
bool is_nan(const T& x) {
  if constexpr (is_float<T>) {
    return convert<Compute<T>>(x) != convert<Compute<T>>(x);
  } else {
    return false;
  }
}
template <class T>
void raise_to(T& y, const T& source) {
  if (is_nan(source) || convert<Compute<T>>(y) < convert<Compute<T>>(source)) y = source;
}
template <class T>
void lower_to(T& y, const T& source) {
  if (is_nan(source) || convert<Compute<T>>(source) < convert<Compute<T>>(y)) y = source;
}

const char* scatter_reduce(const Call& call) {
  using Kind = ops::ScatterReduce::Kind;
  const auto& op = call.as<ops::ScatterReduce>();
  if (op.kind == Kind::Prod) {
    const bool done = AllTypes::visit(
        call.out[0].dtype, [&]<class T>() { scatter_with<T>(call, op.dim, multiply_by<T>); });
    return done ? nullptr : kNoDtype;
  }
  const bool done = RealTypes::visit(call.out[0].dtype, [&]<class T>() {
    switch (op.kind) {
      case Kind::Prod:
        break;
      case Kind::Max:
        return scatter_with<T>(call, op.dim, raise_to<T>);
      case Kind::Min:
        return scatter_with<T>(call, op.dim, lower_to<T>);
    }
  });
  return done ? nullptr : kNoDtype;
}

const char* index_select(const Call& call) {
  const View& x = call.in[0];
  const View& index = call.in[1];
  const View& y = call.out[0];
  const int64_t dim = call.as<ops::IndexSelect>().dim;
  check_indices(call, index, dim, size_along(x, dim), kOutOfRange);
  const bool done = AllTypes::visit(x.dtype, [&]<class T>() {
    for (int64_t i = 0; i < index.numel; ++i) {
      const int64_t from = index.as<const int64_t>()[i * stride_along(index, 0)];
      const T* x_slice = x.as<const T>() + from * stride_along(x, dim);
      T* y_slice = y.as<T>() + i * stride_along(y, dim);
      walk_except(dim, x, y).for_each([&](const auto& at) { y_slice[at[1]] = x_slice[at[0]]; });
    }
  });
  return done ? nullptr : kNoDtype;
}

const char* index_add(const Call& call) {
  const bool done = AllTypes::visit(call.out[0].dtype, [&]<class T>() {
    update_slices<T>(call, call.as<ops::IndexAdd>().dim, kOutOfRange, add_to<T>);
  });
  return done ? nullptr : kNoDtype;
}

const char* index_copy(const Call& call) {
  const bool done = AllTypes::visit(call.out[0].dtype, [&]<class T>() {
    update_slices<T>(call, call.as<ops::IndexCopy>().dim, "index_copy_(): ", assign_to<T>);
  });
  return done ? nullptr : kNoDtype;
}

}  // namespace

void register_index(KernelTable& table) {
  table.add(ops::Gather::name, gather);
  table.add(ops::ScatterAdd::name, scatter_add);
  table.add(ops::Scatter::name, scatter);
  table.add(ops::ScatterReduce::name, scatter_reduce);
  table.add(ops::IndexSelect::name, index_select);
  table.add(ops::IndexAdd::name, index_add);
  table.add(ops::IndexCopy::name, index_copy);
}

}  // namespace reel::reference
