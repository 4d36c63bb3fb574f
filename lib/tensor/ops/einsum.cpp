// Einstein summation: every label of the equation is a dimension, labels missing from the result
// are summed over. Operands are permuted to the same dimensions (of size 1 where they lack one) and
// contracted two at a time, each time by one batched matrix product.

#include <algorithm>
#include <array>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

namespace reel {
namespace {

constexpr int kLabels = 52;  // a..z, A..Z in the order of the implicit output below
constexpr int kEllipsis = 52;
constexpr size_t kNotFound = static_cast<size_t>(-1);

int label_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  return -1;
}

char name_of(int label) { return static_cast<char>(label < 26 ? 'A' + label : 'a' + (label - 26)); }

/// Labels of an operand or of the result, kEllipsis for "...".
using Labels = std::vector<int>;

struct Equation {
  std::vector<Labels> operands{1};
  Labels result;
  bool explicit_result = false;
};

// The operand or result that a message names.
std::string place(const Equation& e) {
  if (e.explicit_result) return "output";
  return fmt::format("operand {}", e.operands.size() - 1);
}

Equation parse(std::string_view text, size_t operands) {
  Equation e;
  bool ellipsis = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    Labels& labels = e.explicit_result ? e.result : e.operands.back();
    if (c == ' ') continue;
    if (c == '.') {
      const char* note = e.explicit_result ? " (...)" : "";
      if (ellipsis) {
        if (e.explicit_result) {
          fail("einsum(): found '.' for output but an ellipsis (...) was already found");
        }
        fail("einsum(): found '.' for {} for which an ellipsis was already found", place(e));
      }
      if (text.substr(i, 3) != "...") {
        fail("einsum(): found '.' for {} that is not part of any ellipsis{}", place(e), note);
      }
      ellipsis = true;
      labels.push_back(kEllipsis);
      i += 2;
    } else if (c == ',' && !e.explicit_result) {
      e.operands.emplace_back();
      ellipsis = false;
      if (e.operands.size() > operands) {
        fail("einsum(): fewer operands were provided than specified in the equation");
      }
    } else if (c == '-' && !e.explicit_result && text.substr(i, 2) == "->") {
      e.explicit_result = true;
      ellipsis = false;
      ++i;
    } else {
      const int label = label_of(c);
      if (label < 0) {
        fail(
            "einsum(): invalid subscript given at index {} in the equation string, subscripts must "
            "be in [a-zA-Z]",
            i);
      }
      if (e.explicit_result && std::count(labels.begin(), labels.end(), label) > 0) {
        fail("einsum(): output subscript {} appears more than once in the output", c);
      }
      labels.push_back(label);
    }
  }
  if (e.operands.size() < operands) {
    fail("einsum(): more operands were provided than specified in the equation");
  }
  return e;
}

// Where each label is among the dimensions that all operands are brought to: first those of the
// result, then those to be summed over.
struct Placement {
  std::array<size_t, kLabels> at;
  size_t ellipsis_at = 0;
  size_t ellipsis_dims = 0;
  size_t result_dims = 0;
  size_t dims = 0;
};

Placement place_dims(const Equation& e, size_t ellipsis_dims) {
  std::array<int, kLabels> count{};
  for (const Labels& operand : e.operands) {
    for (const int label : operand) {
      if (label != kEllipsis) ++count[static_cast<size_t>(label)];
    }
  }
  Placement placement;
  placement.at.fill(kNotFound);
  placement.ellipsis_dims = ellipsis_dims;
  placement.ellipsis_at = kNotFound;
  const auto place_ellipsis = [&] {
    placement.ellipsis_at = placement.dims;
    placement.dims += ellipsis_dims;
  };
  if (e.explicit_result) {
    for (const int label : e.result) {
      if (label == kEllipsis) {
        place_ellipsis();
      } else {
        if (count[static_cast<size_t>(label)] == 0) {
          fail(
              "einsum(): output subscript {} does not appear in the equation for any input operand",
              name_of(label));
        }
        placement.at[static_cast<size_t>(label)] = placement.dims++;
      }
    }
  } else {
    // The implicit result: the ellipsis, then every label that appears once, in order.
    place_ellipsis();
    for (size_t label = 0; label < kLabels; ++label) {
      if (count[label] == 1) placement.at[label] = placement.dims++;
    }
  }
  placement.result_dims = placement.dims;
  if (placement.ellipsis_at == kNotFound) place_ellipsis();
  for (size_t label = 0; label < kLabels; ++label) {
    if (count[label] > 0 && placement.at[label] == kNotFound)
      placement.at[label] = placement.dims++;
  }
  return placement;
}

// How many dimensions the ellipsis of an operand stands for.
size_t ellipsis_dims_of(const Labels& labels, const Tensor& operand, size_t number) {
  const bool has = std::count(labels.begin(), labels.end(), kEllipsis) > 0;
  const auto rank = static_cast<size_t>(operand.dim());
  const size_t given = labels.size() - (has ? 1 : 0);
  if (has && given > rank) {
    fail(
        "einsum(): the number of subscripts in the equation ({}) is more than the number of "
        "dimensions ({}) for operand {}",
        given, rank, number);
  }
  if (!has && given != rank) {
    fail(
        "einsum(): the number of subscripts in the equation ({}) does not match the number of "
        "dimensions ({}) for operand {} and no ellipsis was given",
        given, rank, number);
  }
  return rank - given;
}

// The operand with the placement's dimensions: a label that repeats becomes its diagonal.
Tensor bring_to_layout(const Labels& labels, Tensor x, const Placement& placement, size_t number) {
  std::vector<size_t> to;  // for each dimension of x its place
  const size_t own = ellipsis_dims_of(labels, x, number);
  int64_t dim = 0;
  for (const int label : labels) {
    if (label == kEllipsis) {
      // Dimensions of an ellipsis broadcast from the right.
      for (size_t i = 0; i < own; ++i, ++dim) {
        to.push_back(placement.ellipsis_at + placement.ellipsis_dims - own + i);
      }
      continue;
    }
    const size_t at = placement.at[static_cast<size_t>(label)];
    const auto seen = std::find(to.begin(), to.end(), at);
    if (seen == to.end()) {
      to.push_back(at);
      ++dim;
      continue;
    }
    const int64_t first = seen - to.begin();
    if (x.size(first) != x.size(dim)) {
      fail("einsum(): subscript {} is repeated for operand {} but the sizes don't match, {} != {}",
           name_of(label), number, x.size(dim), x.size(first));
    }
    x = x.diagonal(0, first, dim).movedim(-1, first);
  }
  std::vector<int64_t> order(to.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return to[static_cast<size_t>(a)] < to[static_cast<size_t>(b)];
  });
  x = x.permute(order);
  for (size_t d = 0; d < placement.dims; ++d) {
    if (std::find(to.begin(), to.end(), d) == to.end()) x = x.unsqueeze(static_cast<int64_t>(d));
  }
  return x;
}

void check_broadcast(const Equation& e, const Placement& placement,
                     const std::vector<Tensor>& operands) {
  std::vector<int64_t> seen(placement.dims, 1);
  for (size_t i = 0; i < operands.size(); ++i) {
    for (size_t d = 0; d < placement.dims; ++d) {
      const int64_t size = operands[i].size(static_cast<int64_t>(d));
      if (size == 1 || size == seen[d]) continue;
      if (seen[d] == 1) {
        seen[d] = size;
        continue;
      }
      for (const int label : e.operands[i]) {
        if (label != kEllipsis && placement.at[static_cast<size_t>(label)] == d) {
          fail(
              "einsum(): subscript {} has size {} for operand {} which does not broadcast with "
              "previously seen size {}",
              name_of(label), size, i, seen[d]);
        }
      }
      fail(
          "einsum(): dimension {} covered by ellipsis in operand {}has size {} which does not "
          "broadcast with previously seen ellipsis with size {} for the respective dimension",
          d - placement.ellipsis_at, i, size, seen[d]);
    }
  }
}

// The sum over `summed` dimensions of a * b, which stay as dimensions of size 1.
Tensor contract(Tensor a, Tensor b, const std::vector<int64_t>& summed) {
  // What only one of them has is summed before the product.
  std::vector<int64_t> both;
  for (const int64_t d : summed) {
    const bool left = a.size(d) != 1;
    const bool right = b.size(d) != 1;
    if (left && right) both.push_back(d);
    if (left && !right) a = a.sum(d, /*keepdim=*/true);
    if (right && !left) b = b.sum(d, /*keepdim=*/true);
  }
  if (both.empty()) return a * b;
  const int64_t rank = a.dim();
  enum { kBatch, kLeft, kRight, kSummed, kKinds };
  std::array<std::vector<int64_t>, kKinds> dims;
  std::array<int64_t, kKinds> count{1, 1, 1, 1};
  Shape sizes(static_cast<size_t>(rank), 1);
  for (int64_t d = 0; d < rank; ++d) {
    const bool left = a.size(d) != 1;
    const bool right = b.size(d) != 1;
    int kind = left && right ? kBatch : right ? kRight : kLeft;
    if (std::find(both.begin(), both.end(), d) != both.end()) {
      kind = kSummed;
    } else {
      sizes[static_cast<size_t>(d)] = left ? a.size(d) : b.size(d);
    }
    dims[static_cast<size_t>(kind)].push_back(d);
    count[static_cast<size_t>(kind)] *= kind == kRight ? b.size(d) : a.size(d);
  }
  const auto order = [&](std::initializer_list<int> kinds) {
    std::vector<int64_t> result;
    for (const int kind : kinds) {
      const auto& list = dims[static_cast<size_t>(kind)];
      result.insert(result.end(), list.begin(), list.end());
    }
    return result;
  };
  const Tensor left = a.permute(order({kBatch, kLeft, kSummed, kRight}))
                          .reshape({count[kBatch], count[kLeft], count[kSummed]});
  const Tensor right = b.permute(order({kBatch, kSummed, kRight, kLeft}))
                           .reshape({count[kBatch], count[kSummed], count[kRight]});
  const Tensor product =
      count[kBatch] == 1 ? mm(left.squeeze(0), right.squeeze(0)) : bmm(left, right);
  const std::vector<int64_t> from = order({kBatch, kLeft, kRight, kSummed});
  Shape unfolded;
  std::vector<int64_t> back(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    unfolded.push_back(sizes[static_cast<size_t>(from[i])]);
    back[static_cast<size_t>(from[i])] = static_cast<int64_t>(i);
  }
  return product.reshape(unfolded).permute(back);
}

void check_path(IntArrayRef path, size_t operands) {
  const size_t expected = operands == 1 ? 2 : 2 * (operands - 1);
  if (path.size() != expected) {
    fail("einsum(): expected contraction path given in path parameter to have size {} but got {}",
         expected, path.size());
  }
  for (size_t i = 0; i + 1 < path.size() && operands > 1; i += 2) {
    const auto left = static_cast<int64_t>(operands - i / 2);
    const int64_t first = path[i];
    const int64_t second = path[i + 1];
    if (first < 0 || first >= left || second < 0 || second >= left) {
      fail("einsum(): invalid contraction ({}, {}) operand index is out of bounds", first, second);
    }
    if (first == second) {
      fail("einsum(): invalid contraction ({}, {}) cannot contract an operand with itself", first,
           second);
    }
  }
}

}  // namespace

Tensor einsum(std::string_view equation, TensorList tensors, IntArrayRef path) {
  if (tensors.empty()) fail("einsum(): must provide at least one operand");
  const Equation e = parse(equation, tensors.size());
  size_t ellipsis_dims = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    ellipsis_dims = std::max(ellipsis_dims, ellipsis_dims_of(e.operands[i], tensors[i], i));
  }
  const Placement placement = place_dims(e, ellipsis_dims);
  std::vector<Tensor> operands;
  for (size_t i = 0; i < tensors.size(); ++i) {
    operands.push_back(bring_to_layout(e.operands[i], tensors[i], placement, i));
  }
  check_broadcast(e, placement, operands);
  if (!path.empty()) check_path(path, operands.size());

  // Left to right unless a path says which two are next; their product goes to the end of the list.
  bool in_order = true;
  for (size_t step = 0; operands.size() > 1; ++step) {
    size_t first = 0;
    size_t second = 1;
    if (!path.empty()) {
      first = static_cast<size_t>(path[2 * step]);
      second = static_cast<size_t>(path[2 * step + 1]);
      if (first > second) std::swap(first, second);
      in_order = false;
    }
    const Tensor a = operands[first];
    const Tensor b = operands[second];
    operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(second));
    operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(first));
    // Summed over now: what neither the result nor another operand has.
    std::vector<int64_t> summed;
    for (auto d = static_cast<int64_t>(placement.result_dims);
         d < static_cast<int64_t>(placement.dims); ++d) {
      const bool here = a.size(d) != 1 || b.size(d) != 1;
      const bool elsewhere = std::any_of(operands.begin(), operands.end(),
                                         [&](const Tensor& t) { return t.size(d) != 1; });
      if (here && !elsewhere) summed.push_back(d);
    }
    operands.insert(in_order ? operands.begin() : operands.end(), contract(a, b, summed));
  }

  // What is left of the dimensions to be summed over; of size 1 after a contraction.
  Tensor result = operands[0];
  std::vector<int64_t> rest;
  for (size_t d = placement.result_dims; d < placement.dims; ++d)
    rest.push_back(static_cast<int64_t>(d));
  if (rest.empty()) return result;
  if (tensors.size() == 1) return result.sum(rest);
  for (size_t i = rest.size(); i-- > 0;) result = result.squeeze(rest[i]);
  return result;
}

}  // namespace reel
