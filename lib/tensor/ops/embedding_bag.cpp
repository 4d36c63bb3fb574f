// Sums, means and maxima over bags of rows of a table.

#include <reel/autograd/grad_mode.h>
#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

constexpr const char* kOp = "embedding_bag";
constexpr int64_t kSumMode = 0;
constexpr int64_t kMeanMode = 1;
constexpr int64_t kMaxMode = 2;

void check_index(const char* what, const Tensor& t) {
  if (t.dtype() != kLong && t.dtype() != kInt) {
    fail(
        "{}: Expected tensor for argument #1 '{}' to have one of the following scalar types: Long, "
        "Int; but got CPU{}Type instead (while checking arguments for embedding_bag)",
        kOp, what, t.dtype());
  }
  if (t.dim() != 1) fail("{}: {} has to be a 1D Tensor, got {}", kOp, what, t.sizes());
}

std::vector<int64_t> values_of(const Tensor& t) {
  const Tensor list = t.to(Device(kCPU)).to(kLong).contiguous();
  const int64_t* const data = list.data_ptr<int64_t>();
  return {data, data + list.numel()};
}

Tensor tensor_like(const std::vector<int64_t>& values, const Tensor& like) {
  return tensor(values, TensorOptions(kLong).device(Device(kCPU)))
      .to(like.device())
      .to(like.dtype());
}

/// Bag b holds the indices start[b] to start[b + 1].
struct Bags {
  std::vector<int64_t> start;
  std::vector<int64_t> index;
  std::vector<bool> counts;  ///< false for the padding index

  int64_t number() const { return static_cast<int64_t>(start.size()) - 1; }
  std::vector<int64_t> sizes() const {
    std::vector<int64_t> result;
    for (size_t b = 0; b + 1 < start.size(); ++b) {
      int64_t n = 0;
      for (int64_t i = start[b]; i < start[b + 1]; ++i) n += counts[static_cast<size_t>(i)];
      result.push_back(n);
    }
    return result;
  }
  std::vector<int64_t> bag_of_index() const {
    std::vector<int64_t> result(index.size());
    for (size_t b = 0; b + 1 < start.size(); ++b) {
      for (int64_t i = start[b]; i < start[b + 1]; ++i) {
        result[static_cast<size_t>(i)] = static_cast<int64_t>(b);
      }
    }
    return result;
  }
};

Bags bags_of(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
             bool include_last_offset, int64_t padding) {
  Bags bags{values_of(offsets), values_of(indices), {}};
  const auto count = static_cast<int64_t>(bags.index.size());
  if (include_last_offset && bags.start.empty()) {
    fail("{}: include_last_offset: number of offset should be at least 1", kOp);
  }
  if (!bags.start.empty()) {
    if (bags.start.front() != 0) {
      fail(
          "{}: offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start "
          "from position 0. However, got {}",
          kOp, bags.start.front());
    }
    if (bags.start.back() > count) {
      fail("{}: offsets[-1] can not be greater than input's length {} but got offsets[-1] of {}",
           kOp, count, bags.start.back());
    }
  }
  if (include_last_offset) {
    bags.start.back() = count;
  } else {
    bags.start.push_back(count);
  }
  for (size_t b = 0; b + 1 < bags.start.size(); ++b) {
    if (bags.start[b] > bags.start[b + 1]) {
      fail("{}: offsets must not decrease, got {} before {}", kOp, bags.start[b],
           bags.start[b + 1]);
    }
  }
  for (int64_t i : bags.index) {
    if (i < 0 || i >= weight.size(0)) {
      fail("{}: Expected idx >= 0 && idx < num_embeddings but found idx to be {}", kOp, i);
    }
    bags.counts.push_back(i != padding);
  }
  return bags;
}

/// For each bag and column the row of the table with the largest value, the first of equals.
Tensor rows_of_maxima(const Tensor& weight, const Bags& bags, const Tensor& indices) {
  const NoGradGuard guard;
  const Tensor table = weight.detach();
  std::vector<Tensor> rows;
  for (int64_t b = 0; b < bags.number(); ++b) {
    std::vector<int64_t> members;
    for (int64_t i = bags.start[static_cast<size_t>(b)]; i < bags.start[static_cast<size_t>(b) + 1];
         ++i) {
      if (bags.counts[static_cast<size_t>(i)])
        members.push_back(bags.index[static_cast<size_t>(i)]);
    }
    if (members.empty() || weight.size(1) == 0) {
      rows.push_back(zeros({weight.size(1)}, indices.options()));
      continue;
    }
    const Tensor index = tensor_like(members, indices);
    rows.push_back(index.index_select(0, table.index_select(0, index).argmax(0)));
  }
  if (rows.empty()) return zeros({0, weight.size(1)}, indices.options());
  return stack(rows);
}

/// PyTorch leaves the bag of each index out where its fastest kernel does not need it.
bool leaves_out_bags(const Tensor& weight, const Tensor& per_sample_weights, int64_t mode,
                     int64_t padding) {
  return mode == kSumMode && (weight.dtype() == kFloat || weight.dtype() == kHalf) &&
         weight.stride(1) == 1 && padding < 0 &&
         (!per_sample_weights.defined() || per_sample_weights.stride(0) == 1);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> pool_bags(const Tensor& weight, const Tensor& indices,
                                                     const Tensor& offsets, bool scale_grad_by_freq,
                                                     int64_t mode, const Tensor& per_sample_weights,
                                                     bool include_last_offset, int64_t padding) {
  const Bags bags = bags_of(weight, indices, offsets, include_last_offset, padding);
  const int64_t number = bags.number();
  const std::vector<int64_t> sizes = bags.sizes();
  const Tensor bag_of_index = tensor_like(bags.bag_of_index(), indices);
  const Tensor size = tensor_like(sizes, indices);
  const TensorOptions options = indices.options();
  if (mode == kMaxMode) {
    const Tensor rows = rows_of_maxima(weight, bags, indices);
    const Tensor empty_bag = (size == 0).unsqueeze(1);
    const Tensor y = weight.size(0) == 0
                         ? zeros({number, weight.size(1)}, weight.options())
                         : weight.gather(0, rows.to(kLong)).masked_fill(empty_bag, 0);
    return {y, bag_of_index, size, rows};
  }
  Tensor seen = embedding(weight, indices, padding < 0 ? -1 : padding, scale_grad_by_freq, false);
  if (per_sample_weights.defined()) seen = seen * per_sample_weights.unsqueeze(1);
  if (padding >= 0) seen = seen.masked_fill((indices == padding).unsqueeze(1), 0);
  Tensor y =
      zeros({number, weight.size(1)}, weight.options()).index_add(0, bag_of_index.to(kLong), seen);
  if (mode == kMeanMode) {
    y = y / size.clamp(1).to(weight.dtype()).unsqueeze(1);
    return {y, bag_of_index, size, size.clone()};
  }
  const Tensor none = zeros(offsets.sizes(), options);
  const bool left_out = leaves_out_bags(weight, per_sample_weights, mode, padding);
  return {y, left_out ? empty({0}, options) : bag_of_index, none, none.clone()};
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const Tensor& per_sample_weights, bool include_last_offset,
    std::optional<int64_t> padding_idx) {
  if (weight.dim() != 2) fail("{}: 'weight' must be 2-D, got {}", kOp, weight.sizes());
  if (!weight.is_floating_point()) {
    fail("{}: expected a floating-point weight, got {}", kOp, weight.dtype());
  }
  check_index("indices", indices);
  check_index("offsets", offsets);
  if (mode < kSumMode || mode > kMaxMode) {
    fail("{}: expected a mode of 0 (sum), 1 (mean) or 2 (max), got {}", kOp, mode);
  }
  if (sparse) fail("{}: sparse gradients are not supported", kOp);
  if (per_sample_weights.defined()) {
    if (mode != kSumMode) {
      fail("{}: embedding_bag: per_sample_weights only supported with mode='sum'", kOp);
    }
    if (per_sample_weights.dtype() != weight.dtype() || per_sample_weights.dim() != 1 ||
        per_sample_weights.numel() != indices.numel()) {
      fail("{}: expected a weight of dtype {} for each of {} indices, got {} {}", kOp,
           weight.dtype(), indices.numel(), per_sample_weights.dtype(), per_sample_weights.sizes());
    }
  }
  int64_t padding = -1;
  if (padding_idx) {
    const int64_t rows = weight.size(0);
    if (*padding_idx < -rows || *padding_idx >= rows) {
      fail("{}: padding_idx must be within the number of embeddings, {} through {}, but got {}",
           kOp, -rows, rows - 1, *padding_idx);
    }
    padding = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
  }
  const ScalarType type = promote_types(indices.dtype(), offsets.dtype());
  return pool_bags(weight, indices.to(type), offsets.to(type), scale_grad_by_freq, mode,
                   per_sample_weights, include_last_offset, padding);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(
    const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
    int64_t mode, bool sparse, const Tensor& per_sample_weights, bool include_last_offset) {
  return embedding_bag(weight, indices, offsets, scale_grad_by_freq, mode, sparse,
                       per_sample_weights, include_last_offset, std::nullopt);
}

}  // namespace reel
