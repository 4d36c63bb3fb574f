// Tensors put together by rows, columns and combinations of their elements.

#include <algorithm>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

void check_not_empty(const char* op, TensorList tensors) {
  if (tensors.empty()) fail("{}: {} expects a non-empty TensorList", op, op);
}

void check_vector(const char* op, const Tensor& t) {
  if (t.dim() != 1) fail("{}: Expect a 1D vector, but got shape {}", op, t.sizes());
}

}  // namespace

Tensor concat(TensorList tensors, int64_t dim) { return cat(tensors, dim); }
Tensor concatenate(TensorList tensors, int64_t dim) { return cat(tensors, dim); }

Tensor hstack(TensorList tensors) {
  check_not_empty("hstack", tensors);
  const std::vector<Tensor> rows = atleast_1d(tensors);
  return cat(rows, rows[0].dim() == 1 ? 0 : 1);
}

Tensor vstack(TensorList tensors) {
  check_not_empty("vstack", tensors);
  return cat(atleast_2d(tensors), 0);
}

Tensor row_stack(TensorList tensors) { return vstack(tensors); }

Tensor dstack(TensorList tensors) {
  check_not_empty("dstack", tensors);
  return cat(atleast_3d(tensors), 2);
}

Tensor column_stack(TensorList tensors) {
  check_not_empty("column_stack", tensors);
  std::vector<Tensor> columns;
  for (const Tensor& t : tensors) {
    columns.push_back(t.dim() <= 1 ? reshape(t, {t.numel(), 1}) : t);
  }
  return hstack(columns);
}

std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing) {
  if (indexing != "ij" && indexing != "xy") {
    fail("meshgrid: torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: {}",
         indexing);
  }
  if (indexing == "ij" || tensors.size() < 2) return meshgrid(tensors);
  std::vector<Tensor> swapped = tensors.vec();
  std::swap(swapped[0], swapped[1]);
  std::vector<Tensor> grids = meshgrid(swapped);
  std::swap(grids[0], grids[1]);
  return grids;
}

Tensor cartesian_prod(TensorList tensors) {
  for (const Tensor& t : tensors) check_vector("cartesian_prod", t);
  if (tensors.size() == 1) return tensors[0];
  std::vector<Tensor> columns;
  for (const Tensor& grid : meshgrid(tensors)) columns.push_back(grid.flatten());
  return stack(columns, 1);
}

Tensor combinations(const Tensor& self, int64_t r, bool with_replacement) {
  check_vector("combinations", self);
  if (r < 0) fail("combinations: Expect a non-negative number, but got {}", r);
  if (r == 0) return empty({0}, self.options());
  const int64_t n = self.numel();
  const bool any = n > 0 && (with_replacement || r <= n);
  if (!any) return self.narrow(0, 0, 0).view({0}).expand({0}).reshape({0, r});
  // Positions in lexicographic order: the last that may still grow does, those behind it follow.
  const int64_t gap = with_replacement ? 0 : 1;
  std::vector<int64_t> positions;
  std::vector<int64_t> row(static_cast<size_t>(r));
  for (int64_t i = 0; i < r; ++i) row[static_cast<size_t>(i)] = i * gap;
  for (int64_t at = 0; at >= 0;) {
    positions.insert(positions.end(), row.begin(), row.end());
    at = r - 1;
    while (at >= 0 && row[static_cast<size_t>(at)] == n - 1 - (r - 1 - at) * gap) --at;
    if (at < 0) break;
    ++row[static_cast<size_t>(at)];
    for (int64_t i = at + 1; i < r; ++i) {
      row[static_cast<size_t>(i)] = row[static_cast<size_t>(i - 1)] + gap;
    }
  }
  const auto count = static_cast<int64_t>(positions.size());
  const Tensor index = tensor(positions, kLong).to(self.device());
  return self.index_select(0, index).view({count / r, r});
}

Tensor pad_sequence(TensorList sequences, bool batch_first, double padding_value) {
  if (sequences.empty()) fail("pad_sequence: received an empty list of sequences");
  int64_t longest = 0;
  for (const Tensor& s : sequences) {
    if (s.dim() == 0) {
      fail_index("pad_sequence: Dimension specified as 0 but tensor has no dimensions");
    }
    longest = std::max(longest, s.size(0));
  }
  const Tensor& first = sequences[0];
  std::vector<Tensor> rows;
  for (const Tensor& s : sequences) {
    Shape sizes = first.sizes();
    sizes[0] = s.size(0);
    if (!(broadcast_sizes(sizes, s.sizes()) == sizes)) {
      fail("pad_sequence: sequences {} and {} differ behind their first dimension", first.sizes(),
           s.sizes());
    }
    Shape padding(2 * sizes.size(), 0);
    padding[padding.size() - 1] = longest - s.size(0);
    rows.push_back(constant_pad_nd(s.to(first.dtype()).expand(sizes), padding, padding_value));
  }
  return stack(rows, batch_first ? 0 : 1);
}

}  // namespace reel
