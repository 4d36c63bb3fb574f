#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <reel/tensor/error.h>
#include <reel/tensor/tensor.h>

namespace reel {

/// Tensors by name, in the order of the file: what every loader returns and every saver takes.
class StateDict {
 public:
  using Item = std::pair<std::string, Tensor>;

  StateDict() = default;
  StateDict(std::initializer_list<Item> items);
  /// From items with key() and value(), such as nn::Module::state_dict() gives.
  template <class Dict>
  requires requires(const Dict& dict) { Tensor(dict.begin()->value()); }
  StateDict(const Dict& dict) {
    for (const auto& item : dict) insert(item.key(), item.value());
  }

  /// Adds a tensor at the end; errors if the name is taken.
  void insert(std::string name, Tensor tensor);
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// The tensor of that name, or nullptr.
  const Tensor* find(std::string_view name) const;
  /// The tensor of that name; errors, naming what there is, if it is missing.
  const Tensor& operator[](std::string_view name) const;

  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  std::vector<Item>::const_iterator begin() const { return items_.begin(); }
  std::vector<Item>::const_iterator end() const { return items_.end(); }

 private:
  std::vector<Item> items_;
  // Positions in items_, sorted by name: lookups of large files stay fast, order is kept.
  std::vector<size_t> sorted_;
};

}  // namespace reel
