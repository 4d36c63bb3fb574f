// Index expressions, as in `t.index({Slice(1, 3), None, "...", mask})`: integers, slices, None and
// "..." are views; tensors of integers or bools become one vector of positions for index_select
// and index_copy.

#include <algorithm>
#include <cstring>

#include <reel/tensor/check.h>
#include <reel/tensor/indexing.h>
#include <reel/tensor/ops/elementwise.h>
#include <reel/tensor/ops/index.h>
#include <reel/tensor/ops/inplace.h>

namespace reel {

TensorIndex::TensorIndex(const char* text) : kind_(Kind::Ellipsis) {
  if (std::strcmp(text, "...") != 0) {
    fail("Expected \"...\" to represent an ellipsis index, but got \"{}\"", text);
  }
}

namespace {

bool is_mask(const Tensor& index) { return index.dtype() == kBool || index.dtype() == kByte; }

/// A view of the indexed tensor and, for some of its dimensions, the positions to take.
struct Indexed {
  Tensor view;
  std::vector<Tensor> positions;  ///< undefined where all are taken
};

/// Bools without dimensions take all or nothing of a new dimension.
Tensor all_or_nothing(bool all) { return zeros({all ? 1 : 0}, kLong); }

/// Adds the positions that an index tensor takes; a mask takes those of its true elements.
void add_positions(Indexed& result, const Tensor& index) {
  if (!is_mask(index)) {
    if (index.dtype() != kLong) {
      fail_index("tensors used as indices must be long, byte or bool tensors, got {}",
                 index.dtype());
    }
    result.positions.push_back(index);
    return;
  }
  const size_t first = result.positions.size();
  for (int64_t d = 0; d < index.dim(); ++d) {
    const int64_t at = static_cast<int64_t>(first) + d;
    if (at >= result.view.dim() || index.size(d) != result.view.size(at)) {
      fail_index(
          "The shape of the mask {} at index {} does not match the shape of the indexed "
          "tensor {} at index {}",
          index.sizes(), d, result.view.sizes(), at);
    }
  }
  for (const Tensor& column : nonzero(index).unbind(1)) result.positions.push_back(column);
}

/// Applies the entries that are views and collects the others.
Indexed resolve(const Tensor& self, ArrayRef<TensorIndex> indices) {
  using Kind = TensorIndex::Kind;
  int64_t consumed = 0;
  int ellipses = 0;
  for (const TensorIndex& index : indices) {
    if (index.kind() == Kind::Integer || index.kind() == Kind::Slice) ++consumed;
    if (index.kind() == Kind::Tensor)
      consumed += is_mask(index.tensor()) ? index.tensor().dim() : 1;
    if (index.kind() == Kind::Ellipsis) ++ellipses;
  }
  if (consumed > self.dim()) {
    fail_index("too many indices for tensor of dimension {}", self.dim());
  }
  if (ellipses > 1) fail_index("an index can only have a single ellipsis ('...')");

  Indexed result{self, {}};
  Tensor& view = result.view;
  std::vector<Tensor>& positions = result.positions;
  const auto take = [&](int64_t index) {
    const int64_t dim = static_cast<int64_t>(positions.size());
    const int64_t size = view.size(dim);
    if (index < -size || index >= size) {
      fail_index("index {} is out of bounds for dimension {} with size {}", index, dim, size);
    }
    view = view.select(dim, index);
  };
  for (const TensorIndex& index : indices) {
    const int64_t dim = static_cast<int64_t>(positions.size());
    switch (index.kind()) {
      case Kind::Integer:
        take(index.integer());
        break;
      case Kind::Slice: {
        const indexing::Slice& slice = index.slice();
        if (slice.step() <= 0) fail("step must be greater than zero, got {}", slice.step());
        view = view.slice(dim, slice.start(), slice.stop(), slice.step());
        positions.emplace_back();
        break;
      }
      case Kind::Ellipsis:
        positions.resize(positions.size() + static_cast<size_t>(self.dim() - consumed));
        break;
      case Kind::None:
        view = view.unsqueeze(dim);
        positions.emplace_back();
        break;
      case Kind::Boolean:
        view = view.unsqueeze(dim);
        positions.push_back(all_or_nothing(index.integer() != 0));
        break;
      case Kind::Tensor:
        if (index.tensor().dim() > 0) {
          add_positions(result, index.tensor());
        } else if (is_mask(index.tensor())) {
          view = view.unsqueeze(dim);
          positions.push_back(all_or_nothing(index.tensor().item<bool>()));
        } else {
          take(index.tensor().item<int64_t>());
        }
        break;
    }
  }
  positions.resize(static_cast<size_t>(view.dim()));
  return result;
}

/// What several index tensors take: dimensions [first, first + count) of `view`, seen as one, at
/// `positions`, whose shape stands in the result in the place of these dimensions.
struct Advanced {
  Tensor view;
  int64_t first = 0;
  int64_t count = 0;
  Tensor positions;
};

/// Positions in the dimensions seen as one, checked and counted from the front.
Tensor linear_positions(const std::vector<Tensor>& indices, IntArrayRef sizes,
                        ArrayRef<int64_t> dims) {
  Shape shape;
  for (const Tensor& index : indices) {
    try {
      shape = broadcast_sizes(shape, index.sizes());
    } catch (const Error&) {
      std::string shapes;
      for (const Tensor& t : indices) {
        shapes += (shapes.empty() ? "" : ", ") + fmt::format("{}", t.sizes());
      }
      fail_index("shape mismatch: indexing tensors could not be broadcast together with shapes {}",
                 shapes);
    }
  }
  Tensor result = zeros(shape, TensorOptions(kLong).device(Device(kCPU)));
  int64_t* linear = result.data_ptr<int64_t>();
  for (size_t k = 0; k < indices.size(); ++k) {
    const Tensor index = indices[k].detach().cpu().to(kLong).expand(shape).contiguous();
    const int64_t* values = index.data_ptr<int64_t>();
    for (int64_t i = 0; i < result.numel(); ++i) {
      if (values[i] < -sizes[k] || values[i] >= sizes[k]) {
        fail_index("index {} is out of bounds for dimension {} with size {}", values[i], dims[k],
                   sizes[k]);
      }
      linear[i] = linear[i] * sizes[k] + (values[i] < 0 ? values[i] + sizes[k] : values[i]);
    }
  }
  return result;
}

Advanced advanced_of(const Indexed& indexed) {
  std::vector<int64_t> dims, others, sizes;
  std::vector<Tensor> indices;
  for (size_t d = 0; d < indexed.positions.size(); ++d) {
    (indexed.positions[d].defined() ? dims : others).push_back(static_cast<int64_t>(d));
    if (!indexed.positions[d].defined()) continue;
    indices.push_back(indexed.positions[d]);
    sizes.push_back(indexed.view.size(static_cast<int64_t>(d)));
  }
  Advanced result;
  result.count = static_cast<int64_t>(dims.size());
  const bool adjacent = dims.back() - dims.front() + 1 == result.count;
  if (adjacent) {
    result.view = indexed.view;
    result.first = dims.front();
  } else {
    // Separated index tensors: their result comes first, as in NumPy.
    std::vector<int64_t> order = dims;
    order.insert(order.end(), others.begin(), others.end());
    result.view = indexed.view.permute(order);
  }
  result.positions = linear_positions(indices, sizes, dims).to(indexed.view.device());
  return result;
}

/// Sizes with `count` of them from `first` on replaced by others.
Shape replaced(IntArrayRef sizes, int64_t first, int64_t count, IntArrayRef by) {
  Shape result;
  for (int64_t d = 0; d < first; ++d) result.push_back(sizes[static_cast<size_t>(d)]);
  for (int64_t size : by) result.push_back(size);
  for (size_t d = static_cast<size_t>(first + count); d < sizes.size(); ++d) {
    result.push_back(sizes[d]);
  }
  return result;
}

/// Sizes of the view with the indexed dimensions seen as one.
Shape merged_sizes(const Advanced& a) {
  const IntArrayRef sizes = a.view.sizes();
  return replaced(
      sizes, a.first, a.count,
      numel_of(sizes.slice(static_cast<size_t>(a.first), static_cast<size_t>(a.count))));
}

Shape result_sizes(const Advanced& a) {
  return replaced(a.view.sizes(), a.first, a.count, a.positions.sizes());
}

bool has_tensors(const Indexed& indexed) {
  return std::any_of(indexed.positions.begin(), indexed.positions.end(),
                     [](const Tensor& t) { return t.defined(); });
}

/// Values for an indexed region of these sizes: leading ones are dropped, the rest broadcasts.
Tensor values_for(const Tensor& values, IntArrayRef sizes) {
  Tensor result = values;
  while (result.dim() > static_cast<int64_t>(sizes.size()) && result.size(0) == 1) {
    result = result.squeeze(0);
  }
  bool fits = result.dim() <= static_cast<int64_t>(sizes.size());
  for (int64_t d = 1; fits && d <= result.dim(); ++d) {
    fits = result.size(-d) == 1 || result.size(-d) == sizes[sizes.size() - static_cast<size_t>(d)];
  }
  if (!fits) {
    fail(
        "shape mismatch: value tensor of shape {} cannot be broadcast to indexing result of shape "
        "{}",
        values.sizes(), sizes);
  }
  return result.expand(sizes);
}

/// True if dimensions [first, first + count) lie in memory as one.
bool merges(const Advanced& a) {
  for (int64_t d = a.first; d + 1 < a.first + a.count; ++d) {
    if (a.view.stride(d) != a.view.stride(d + 1) * a.view.size(d + 1)) return false;
  }
  return true;
}

}  // namespace

Tensor index(const Tensor& self, ArrayRef<TensorIndex> indices) {
  const Indexed indexed = resolve(self, indices);
  if (!has_tensors(indexed)) return indexed.view;
  const Advanced a = advanced_of(indexed);
  return a.view.reshape(merged_sizes(a))
      .index_select(a.first, a.positions.reshape({a.positions.numel()}))
      .reshape(result_sizes(a));
}

namespace {

/// Where in memory, counted from the view's first element, each element that is taken lies.
Tensor memory_positions(const Advanced& a) {
  const int64_t rank = a.view.dim();
  const int64_t taken = a.positions.dim();
  Tensor spread = a.positions.cpu().clone(MemoryFormat::Contiguous);
  auto* at = spread.data_ptr<int64_t>();
  for (int64_t i = 0; i < spread.numel(); ++i) {
    int64_t rest = at[i];
    at[i] = 0;
    for (int64_t d = a.first + a.count - 1; d >= a.first; --d) {
      at[i] += rest % a.view.size(d) * a.view.stride(d);
      rest /= a.view.size(d);
    }
  }
  // The dimensions that are taken whole stand around those of the positions.
  const int64_t dims = rank - a.count + taken;
  Tensor result = spread.view(
      replaced(Shape(static_cast<size_t>(rank), 1), a.first, a.count, a.positions.sizes()));
  for (int64_t d = 0; d < rank; ++d) {
    if (d >= a.first && d < a.first + a.count) continue;
    Shape shape(static_cast<size_t>(dims), 1);
    shape[static_cast<size_t>(d < a.first ? d : d - a.count + taken)] = a.view.size(d);
    result = result + (arange(a.view.size(d), kLong) * a.view.stride(d)).view(shape);
  }
  return result.to(a.view.device());
}

void write_at(const Tensor& target, int64_t dim, const Tensor& index, const Tensor& source,
              bool accumulate) {
  if (accumulate) {
    ops::update(target, ops::IndexAdd{dim}, index, source);
  } else {
    ops::update(target, ops::IndexCopy{dim}, index, source);
  }
}

void check_values(const Tensor& self, const Tensor& values) {
  if (values.dtype() != self.dtype()) {
    fail(
        "index_put: Index put requires the source and destination dtypes match, got {} for the "
        "destination and {} for the source.",
        self.dtype(), values.dtype());
  }
  const ops::Overlap met = ops::overlap_of(self, values);
  if (met == ops::Overlap::Full || met == ops::Overlap::Partial) {
    fail(
        "index_put: unsupported operation: some elements of the input tensor and the written-to "
        "tensor refer to a single memory location. Please clone() the tensor before performing "
        "the operation.");
  }
}

void put_at(Tensor& self, ArrayRef<TensorIndex> indices, const Tensor& values, bool accumulate) {
  Indexed indexed = resolve(self, indices);
  if (!has_tensors(indexed)) {
    const Tensor source = values_for(values, indexed.view.sizes());
    if (accumulate) {
      indexed.view.add_(source);
    } else {
      indexed.view.copy_(source);
    }
    return;
  }
  check_values(self, values);
  const ops::InPlaceWrite checked("index_put_", self, /*recording=*/false);
  const Advanced a = advanced_of(indexed);
  const Shape sizes = result_sizes(a);
  const Tensor source = values_for(values, sizes).to(self.options());
  if (numel_of(sizes) == 0) return;
  if (merges(a)) {
    const Shape merged = merged_sizes(a);
    const Tensor target = a.view.sizes() == IntArrayRef(merged) ? a.view : a.view.view(merged);
    const int64_t n = a.positions.numel();
    write_at(target, a.first, a.positions.reshape({n}),
             source.reshape(replaced(merged, a.first, 1, n)), accumulate);
    return;
  }
  const Tensor memory = ops::memory_of(self, a.view);
  if (!memory.defined()) {
    ops::write_result(self, "index_put_", index_put(self, indices, values, accumulate));
    return;
  }
  const int64_t n = source.numel();
  write_at(memory, 0, memory_positions(a).reshape({n}), source.reshape({n}), accumulate);
}

}  // namespace

Tensor index_put(const Tensor& self, ArrayRef<TensorIndex> indices, const Tensor& values,
                 bool accumulate) {
  Tensor result = self.clone();
  put_at(result, indices, values, accumulate);
  return result;
}

Tensor& Tensor::index_put_(ArrayRef<TensorIndex> indices, const Tensor& values, bool accumulate) {
  put_at(*this, indices, values, accumulate);
  return *this;
}

Tensor& Tensor::index_put_(ArrayRef<TensorIndex> indices, const Scalar& value) {
  return index_put_(indices, scalar_tensor(value, options()));
}

Tensor& Tensor::index_put_(std::initializer_list<TensorIndex> indices, const Tensor& values,
                           bool accumulate) {
  return index_put_(ArrayRef<TensorIndex>(indices), values, accumulate);
}

Tensor& Tensor::index_put_(std::initializer_list<TensorIndex> indices, const Scalar& value) {
  return index_put_(ArrayRef<TensorIndex>(indices), value);
}

Tensor Tensor::index(ArrayRef<TensorIndex> indices) const { return reel::index(*this, indices); }

Tensor Tensor::index(std::initializer_list<TensorIndex> indices) const {
  return reel::index(*this, ArrayRef<TensorIndex>(indices));
}

Tensor Tensor::operator[](const Tensor& index) const { return this->index({index}); }

}  // namespace reel
