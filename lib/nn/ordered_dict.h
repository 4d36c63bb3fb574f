#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace reel {

namespace detail {
[[noreturn]] void key_exists(const std::string& description, const std::string& key);
[[noreturn]] void key_missing(const std::string& description, const std::string& key);
[[noreturn]] void item_out_of_bounds(size_t index, size_t size);
}  // namespace detail

/// A dictionary that keeps the order in which its items were inserted. Keys are strings in all of
/// the library; a lookup walks the items, of which there are at most a few hundred.
template <class Key, class Value>
class OrderedDict {
 public:
  class Item {
   public:
    Item(Key key, Value value) : pair_(std::move(key), std::move(value)) {}
    Value& operator*() { return pair_.second; }
    const Value& operator*() const { return pair_.second; }
    Value* operator->() { return &pair_.second; }
    const Value* operator->() const { return &pair_.second; }
    const Key& key() const { return pair_.first; }
    Value& value() { return pair_.second; }
    const Value& value() const { return pair_.second; }
    const std::pair<Key, Value>& pair() const { return pair_; }

   private:
    std::pair<Key, Value> pair_;
  };

  /// `key_description` is how errors call a key: "Parameter 'weight' is not defined".
  explicit OrderedDict(std::string key_description = "Key")
      : key_description_(std::move(key_description)) {}
  OrderedDict(std::initializer_list<Item> items) {
    for (const auto& item : items) insert(item.key(), item.value());
  }

  size_t size() const { return items_.size(); }
  bool is_empty() const { return items_.empty(); }
  auto begin() { return items_.begin(); }
  auto begin() const { return items_.begin(); }
  auto end() { return items_.end(); }
  auto end() const { return items_.end(); }
  Item& front() { return (*this)[0]; }
  const Item& front() const { return (*this)[0]; }
  Item& back() { return (*this)[size() - 1]; }
  const Item& back() const { return (*this)[size() - 1]; }
  const std::vector<Item>& items() const { return items_; }
  const std::string& key_description() const { return key_description_; }

  Item& operator[](size_t index) {
    if (index >= size()) detail::item_out_of_bounds(index, size());
    return items_[index];
  }
  const Item& operator[](size_t index) const { return const_cast<OrderedDict&>(*this)[index]; }
  /// The value of the key; errors if there is none.
  Value& operator[](const Key& key) {
    if (Value* value = find(key)) return *value;
    detail::key_missing(key_description_, key);
  }
  const Value& operator[](const Key& key) const { return const_cast<OrderedDict&>(*this)[key]; }

  /// The value of the key, or nullptr.
  Value* find(const Key& key) {
    for (auto& item : items_) {
      if (item.key() == key) return &item.value();
    }
    return nullptr;
  }
  const Value* find(const Key& key) const { return const_cast<OrderedDict&>(*this).find(key); }
  bool contains(const Key& key) const { return find(key) != nullptr; }

  /// Adds an item at the end; errors if the key is there already.
  Value& insert(Key key, Value value) {
    if (contains(key)) detail::key_exists(key_description_, key);
    items_.emplace_back(std::move(key), std::move(value));
    return items_.back().value();
  }
  void update(const OrderedDict& other) {
    for (const auto& item : other) insert(item.key(), item.value());
  }
  void erase(const Key& key) {
    for (auto item = items_.begin(); item != items_.end(); ++item) {
      if (item->key() == key) {
        items_.erase(item);
        return;
      }
    }
    detail::key_missing(key_description_, key);
  }
  void clear() { items_.clear(); }
  void reserve(size_t count) { items_.reserve(count); }

  std::vector<Key> keys() const {
    std::vector<Key> result;
    for (const auto& item : items_) result.push_back(item.key());
    return result;
  }
  std::vector<Value> values() const {
    std::vector<Value> result;
    for (const auto& item : items_) result.push_back(item.value());
    return result;
  }
  std::vector<std::pair<Key, Value>> pairs() const {
    std::vector<std::pair<Key, Value>> result;
    for (const auto& item : items_) result.push_back(item.pair());
    return result;
  }

 private:
  std::vector<Item> items_;
  std::string key_description_ = "Key";
};

}  // namespace reel
