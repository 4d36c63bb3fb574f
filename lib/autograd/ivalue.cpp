#include <algorithm>
#include <array>
#include <variant>

#include <reel/autograd/ivalue.h>
#include <reel/tensor/check.h>

namespace reel::autograd {

struct IValueContent {
  using Value = std::variant<bool, int64_t, double, Complex<double>, Tensor, std::string, Device,
                             std::vector<int64_t>, std::vector<double>, std::vector<bool>,
                             std::vector<std::string>, std::vector<Tensor>>;
  Value value;
  Counter references = 1;
};

void retain(IValueContent* content) { content->references.increment(); }
void release(IValueContent* content) {
  if (content->references.decrement()) delete content;
}

namespace {

constexpr std::array<const char*, std::variant_size_v<IValueContent::Value>> kKinds = {
    "Bool",   "Int",     "Double",     "ComplexDouble", "Tensor",     "String",
    "Device", "IntList", "DoubleList", "BoolList",      "StringList", "TensorList"};

template <class T>
IntrusivePtr<IValueContent> content_of(T value) {
  return IntrusivePtr<IValueContent>::adopt(new IValueContent{std::move(value)});
}

template <class T>
bool holds(const IntrusivePtr<IValueContent>& content) {
  return content && std::holds_alternative<T>(content->value);
}

const char* kind_of(const IntrusivePtr<IValueContent>& content) {
  return content ? kKinds[content->value.index()] : "None";
}

template <class T>
const T& get(const IntrusivePtr<IValueContent>& content) {
  if (holds<T>(content)) return *std::get_if<T>(&content->value);
  fail("IValue: Expected {} but got {}", kKinds[IValueContent::Value(T()).index()],
       kind_of(content));
}

}  // namespace

IValue::IValue(bool value) : content_(content_of(value)) {}
IValue::IValue(int64_t value) : content_(content_of(value)) {}
IValue::IValue(double value) : content_(content_of(value)) {}
IValue::IValue(Complex<double> value) : content_(content_of(value)) {}
IValue::IValue(Tensor value) : content_(content_of(std::move(value))) {}
IValue::IValue(std::string value) : content_(content_of(std::move(value))) {}
IValue::IValue(Device value) : content_(content_of(value)) {}
IValue::IValue(std::vector<int64_t> value) : content_(content_of(std::move(value))) {}
IValue::IValue(std::vector<double> value) : content_(content_of(std::move(value))) {}
IValue::IValue(std::vector<bool> value) : content_(content_of(std::move(value))) {}
IValue::IValue(std::vector<std::string> value) : content_(content_of(std::move(value))) {}
IValue::IValue(std::vector<Tensor> value) : content_(content_of(std::move(value))) {}

IValue::IValue(const Scalar& value) {
  if (value.is_boolean()) {
    *this = value.toBool();
  } else if (value.is_integral()) {
    *this = value.toLong();
  } else if (value.is_complex()) {
    *this = value.to<Complex<double>>();
  } else {
    *this = value.toDouble();
  }
}

Scalar IValue::toScalar() const {
  if (isBool()) return toBool();
  if (isInt()) return toInt();
  if (isComplexDouble()) return toComplexDouble();
  return toDouble();
}

bool IValue::isBool() const { return holds<bool>(content_); }
bool IValue::isInt() const { return holds<int64_t>(content_); }
bool IValue::isDouble() const { return holds<double>(content_); }
bool IValue::isComplexDouble() const { return holds<Complex<double>>(content_); }
bool IValue::isTensor() const { return holds<Tensor>(content_); }
bool IValue::isString() const { return holds<std::string>(content_); }
bool IValue::isDevice() const { return holds<Device>(content_); }
bool IValue::isIntList() const { return holds<std::vector<int64_t>>(content_); }
bool IValue::isDoubleList() const { return holds<std::vector<double>>(content_); }
bool IValue::isBoolList() const { return holds<std::vector<bool>>(content_); }
bool IValue::isTensorList() const { return holds<std::vector<Tensor>>(content_); }

bool IValue::toBool() const { return get<bool>(content_); }
int64_t IValue::toInt() const { return get<int64_t>(content_); }
double IValue::toDouble() const { return get<double>(content_); }
Complex<double> IValue::toComplexDouble() const { return get<Complex<double>>(content_); }
const Tensor& IValue::toTensor() const { return get<Tensor>(content_); }
const std::string& IValue::toStringRef() const { return get<std::string>(content_); }
Device IValue::toDevice() const { return get<Device>(content_); }
const std::vector<int64_t>& IValue::toIntVector() const {
  return get<std::vector<int64_t>>(content_);
}
const std::vector<double>& IValue::toDoubleVector() const {
  return get<std::vector<double>>(content_);
}
const std::vector<bool>& IValue::toBoolVector() const { return get<std::vector<bool>>(content_); }
const std::vector<Tensor>& IValue::toTensorVector() const {
  return get<std::vector<Tensor>>(content_);
}
const std::vector<std::string>& IValue::toStringVector() const {
  return get<std::vector<std::string>>(content_);
}

const char* IValue::tagKind() const { return kind_of(content_); }

IValue& IValueDict::operator[](const std::string& name) {
  const auto found = find(name);
  return found != end() ? found->second : items_.emplace_back(name, IValue()).second;
}

const IValue& IValueDict::at(const std::string& name) const {
  const auto found = find(name);
  if (found == end()) fail("IValueDict: nothing is kept under the name '{}'", name);
  return found->second;
}

IValueDict::Items::iterator IValueDict::find(const std::string& name) {
  return std::find_if(begin(), end(), [&](const auto& item) { return item.first == name; });
}

IValueDict::Items::const_iterator IValueDict::find(const std::string& name) const {
  return std::find_if(begin(), end(), [&](const auto& item) { return item.first == name; });
}

size_t IValueDict::erase(const std::string& name) {
  return std::erase_if(items_, [&](const auto& item) { return item.first == name; });
}

}  // namespace reel::autograd
