#include <algorithm>

#include <reel/io/state.h>
#include <reel/tensor/check.h>

namespace reel {
namespace {

auto position(const std::vector<StateDict::Item>& items, const std::vector<size_t>& sorted,
              std::string_view name) {
  return std::lower_bound(sorted.begin(), sorted.end(), name,
                          [&](size_t i, std::string_view key) { return items[i].first < key; });
}

}  // namespace

StateDict::StateDict(std::initializer_list<Item> items) {
  for (const auto& [name, tensor] : items) insert(name, tensor);
}

void StateDict::insert(std::string name, Tensor tensor) {
  const auto at = position(items_, sorted_, name);
  if (at != sorted_.end() && items_[*at].first == name) {
    fail("StateDict: the name \"{}\" is given twice", name);
  }
  sorted_.insert(at, items_.size());
  items_.emplace_back(std::move(name), std::move(tensor));
}

const Tensor* StateDict::find(std::string_view name) const {
  const auto at = position(items_, sorted_, name);
  return at != sorted_.end() && items_[*at].first == name ? &items_[*at].second : nullptr;
}

const Tensor& StateDict::operator[](std::string_view name) const {
  if (const Tensor* tensor = find(name)) return *tensor;
  std::string names;
  for (size_t i = 0; i < items_.size() && i < 8; ++i) names += (i ? ", " : "") + items_[i].first;
  fail("StateDict: no tensor \"{}\" among the {} there are ({}{})", name, items_.size(), names,
       items_.size() > 8 ? ", ..." : "");
}

}  // namespace reel
