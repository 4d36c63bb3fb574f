#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <reel/tensor/complex.h>
#include <reel/tensor/tensor.h>

namespace reel::autograd {

/// What an IValue holds; defined where <variant> is paid for once.
struct IValueContent;
void retain(IValueContent* content);
void release(IValueContent* content);

/// A value that a function keeps for its backward: nothing, a number, a text, a tensor, a device,
/// or a list of numbers, texts or tensors. to...() of another kind than it holds is an error.
class IValue {
 public:
  IValue() = default;
  IValue(bool value);
  IValue(int64_t value);
  IValue(double value);
  template <class T>
  requires std::is_arithmetic_v<T> IValue(T value)
      : IValue(static_cast<std::conditional_t<std::is_integral_v<T>, int64_t, double>>(value)) {}
  IValue(Complex<double> value);
  IValue(const Scalar& value);
  IValue(Tensor value);
  IValue(std::string value);
  IValue(const char* value) : IValue(std::string(value)) {}
  IValue(Device value);
  IValue(std::vector<int64_t> value);
  IValue(IntArrayRef value) : IValue(value.vec()) {}
  IValue(std::vector<double> value);
  IValue(std::vector<bool> value);
  IValue(std::vector<std::string> value);
  IValue(std::vector<Tensor> value);
  template <class T>
  IValue(const std::optional<T>& value) {
    if (value) *this = IValue(*value);
  }

  bool isNone() const { return !content_; }
  bool isBool() const;
  bool isInt() const;
  bool isDouble() const;
  bool isComplexDouble() const;
  bool isScalar() const { return isInt() || isDouble() || isComplexDouble() || isBool(); }
  bool isTensor() const;
  bool isString() const;
  bool isDevice() const;
  bool isIntList() const;
  bool isDoubleList() const;
  bool isBoolList() const;
  bool isTensorList() const;
  bool isList() const { return isIntList() || isDoubleList() || isBoolList() || isTensorList(); }

  bool toBool() const;
  int64_t toInt() const;
  double toDouble() const;
  Complex<double> toComplexDouble() const;
  Scalar toScalar() const;
  const Tensor& toTensor() const;
  const std::string& toStringRef() const;
  Device toDevice() const;
  const std::vector<int64_t>& toIntVector() const;
  const std::vector<double>& toDoubleVector() const;
  const std::vector<bool>& toBoolVector() const;
  const std::vector<Tensor>& toTensorVector() const;
  const std::vector<std::string>& toStringVector() const;
  /// "Int", "TensorList", ...
  const char* tagKind() const;

 private:
  IntrusivePtr<IValueContent> content_;  // never written once it is made
};

/// Values by name, in the order in which the names were first used. A lookup walks the few there
/// are.
class IValueDict {
 public:
  using Items = std::vector<std::pair<std::string, IValue>>;

  /// The value of this name, made as None if there is none.
  IValue& operator[](const std::string& name);
  /// An error if there is no such name.
  const IValue& at(const std::string& name) const;
  Items::iterator find(const std::string& name);
  Items::const_iterator find(const std::string& name) const;
  size_t count(const std::string& name) const { return contains(name) ? 1 : 0; }
  bool contains(const std::string& name) const { return find(name) != end(); }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  size_t erase(const std::string& name);
  void clear() { items_.clear(); }
  Items::iterator begin() { return items_.begin(); }
  Items::iterator end() { return items_.end(); }
  Items::const_iterator begin() const { return items_.begin(); }
  Items::const_iterator end() const { return items_.end(); }

 private:
  Items items_;
};

}  // namespace reel::autograd
