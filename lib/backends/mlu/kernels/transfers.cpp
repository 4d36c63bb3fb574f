#include <algorithm>
#include <numeric>

#include <reel/backends/mlu/kernels/copy.h>
#include <reel/backends/mlu/kernels/transfers.h>
#include <reel/backends/mlu/runtime/device.h>
#include <reel/tensor/check.h>

namespace reel::mlu {
namespace {

void finish(Device device) {
  const std::string failure = bang::default_queue(device.ordinal()).synchronize();
  if (!failure.empty()) throw Error(failure);
}

std::vector<int64_t> order_of(const std::vector<int64_t>& keys) {
  std::vector<int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto key = [&](int64_t i) { return keys[static_cast<size_t>(i)]; };
  if (std::is_sorted(keys.begin(), keys.end())) return order;
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return key(a) < key(b); });
  return order;
}

void add(Transfers& to, const Transfers& from, size_t i) {
  to.from.push_back(from.from[i]);
  to.to.push_back(from.to[i]);
}

}  // namespace

std::vector<int64_t> read_indices(const Call& call, int64_t dim, int64_t size, const char* words) {
  const RowMajor index(call.device, call.in[1]);
  std::vector<int64_t> values(static_cast<size_t>(index.view().numel));
  if (values.empty()) return values;
  finish(call.device);
  bang::device_copy(values.data(), index.view().data, values.size() * sizeof(int64_t));
  for (const int64_t i : values) {
    if (i < 0 || i >= size) {
      fail_index("{}: {}index {} is out of bounds for dimension {} with size {}", call.op, words, i,
                 dim, size);
    }
  }
  return values;
}

Transfers element_transfers(const std::vector<int64_t>& index, const View& index_view,
                            const View& table, const View& other, int64_t dim, bool gathers) {
  Transfers transfers;
  const auto rank = static_cast<size_t>(index_view.rank);
  const int64_t stride = table.rank == 0 ? 1 : table.strides[dim];
  std::vector<int64_t> at(rank, 0);
  int64_t in_table = 0, in_other = 0;
  for (const int64_t i : index) {
    const int64_t place = in_table + i * stride;
    transfers.from.push_back(gathers ? place : in_other);
    transfers.to.push_back(gathers ? in_other : place);
    for (size_t d = rank; d-- > 0;) {
      const int64_t table_stride = static_cast<int64_t>(d) == dim ? 0 : table.strides[d];
      in_table += table_stride;
      in_other += other.strides[d];
      if (++at[d] < index_view.sizes[d]) break;
      in_table -= table_stride * at[d];
      in_other -= other.strides[d] * at[d];
      at[d] = 0;
    }
  }
  return transfers;
}

Transfers slice_transfers(const std::vector<int64_t>& index, const View& table, int64_t dim,
                          bool gathers) {
  const Around around(table, dim);
  const auto count = static_cast<int64_t>(index.size());
  Transfers transfers;
  transfers.row = around.inner;
  for (int64_t o = 0; o < around.outer; ++o) {
    for (int64_t j = 0; j < count; ++j) {
      const int64_t place = (o * around.size + index[static_cast<size_t>(j)]) * around.inner;
      const int64_t in_order = (o * count + j) * around.inner;
      transfers.from.push_back(gathers ? place : in_order);
      transfers.to.push_back(gathers ? in_order : place);
    }
  }
  return transfers;
}

Transfers without_overwritten(const Transfers& all) {
  Transfers last;
  last.row = all.row;
  const std::vector<int64_t> order = order_of(all.to);
  for (size_t i = 0; i < order.size(); ++i) {
    const auto here = static_cast<size_t>(order[i]);
    if (i + 1 < order.size() && all.to[static_cast<size_t>(order[i + 1])] == all.to[here]) continue;
    add(last, all, here);
  }
  return last;
}

Transfers by_destination(const Transfers& all, std::vector<int64_t>& begins) {
  Transfers sorted;
  sorted.row = all.row;
  for (const int64_t i : order_of(all.to)) {
    const auto here = static_cast<size_t>(i);
    if (sorted.to.empty() || sorted.to.back() != all.to[here]) begins.push_back(sorted.count());
    add(sorted, all, here);
  }
  begins.push_back(sorted.count());
  return sorted;
}

Temporary upload(Device device, const std::vector<int64_t>& numbers) {
  const int64_t sizes[] = {static_cast<int64_t>(numbers.size())};
  Temporary memory(device, kLong, sizes);
  finish(device);  // what had this memory before may still be waiting in the queue
  bang::device_copy(memory.view().data, numbers.data(), numbers.size() * sizeof(int64_t));
  return memory;
}

}  // namespace reel::mlu
