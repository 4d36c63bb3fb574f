#pragma once

// One row: a schema of LibTorch and reel's forms of it.
//
//   REEL_ROW("add.Tensor", add, Tensor, Tensor, Scalar)
//
// finds reel::add, Tensor::add, Tensor::add_ and add_out by whether they can be called with these
// types. A C++ TensorOptions stands for the schema's dtype, layout, device and pin_memory.

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "differential/libtorch/value.h"

namespace differential {

using Call = std::function<Values(Values&)>;

struct Row {
  std::string schema;
  Call function;
  Call method;
  Call in_place;  ///< gives the first argument after the call
  Call out;       ///< writes into tensors of its own
};

/// Every row, by schema.
std::map<std::string, Row>& rows();

// From a value to the C++ parameter.
template <class T>
struct Take {
  static T from(Values& values, size_t& at) { return std::get<T>(values.at(at++)); }
};
template <>
struct Take<reel::Tensor> {
  static reel::Tensor from(Values& values, size_t& at) {
    const Value& v = values.at(at++);
    return std::holds_alternative<None>(v) ? reel::Tensor() : std::get<reel::Tensor>(v);
  }
};
template <class T>
struct Take<std::optional<T>> {
  static std::optional<T> from(Values& values, size_t& at) {
    if (std::holds_alternative<None>(values.at(at))) {
      ++at;
      return std::nullopt;
    }
    return Take<T>::from(values, at);
  }
};
template <>
struct Take<std::string_view> {
  static std::string_view from(Values& values, size_t& at) {
    return std::get<std::string>(values.at(at++));
  }
};
template <>
struct Take<reel::TensorList> {
  static reel::TensorList from(Values& values, size_t& at) {
    return std::get<std::vector<reel::Tensor>>(values.at(at++));
  }
};
template <>
struct Take<reel::IntArrayRef> {
  static reel::IntArrayRef from(Values& values, size_t& at) {
    const Value& v = values.at(at++);
    if (std::holds_alternative<None>(v)) return {};
    return std::get<std::vector<int64_t>>(v);
  }
};
template <>
struct Take<reel::ArrayRef<double>> {
  static reel::ArrayRef<double> from(Values& values, size_t& at) {
    return std::get<std::vector<double>>(values.at(at++));
  }
};
template <>
struct Take<reel::ArrayRef<reel::Scalar>> {
  static reel::ArrayRef<reel::Scalar> from(Values& values, size_t& at) {
    return std::get<std::vector<reel::Scalar>>(values.at(at++));
  }
};
template <>
struct Take<reel::TensorOptions> {
  static reel::TensorOptions from(Values& values, size_t& at) {
    const Value& dtype = values.at(at);
    at += 4;
    return std::holds_alternative<None>(dtype)
               ? reel::TensorOptions()
               : reel::TensorOptions(std::get<reel::ScalarType>(dtype));
  }
};

template <>
struct Take<std::optional<reel::Generator>> {
  static std::optional<reel::Generator> from(Values&, size_t& at) {
    ++at;
    return std::nullopt;
  }
};
template <>
struct Take<reel::MemoryFormat> {
  static reel::MemoryFormat from(Values&, size_t& at) {
    ++at;
    return reel::MemoryFormat::Preserve;
  }
};

// From C++ results to values.
inline Values give(const reel::Tensor& t) { return {t}; }
inline Values give(bool b) { return {b}; }
inline Values give(int64_t i) { return {i}; }
inline Values give(const reel::Scalar& s) { return {s}; }
inline Values give(reel::ScalarType type) { return {type}; }
inline Values give(const std::vector<reel::Tensor>& list) { return {list}; }
template <class... T>
Values give(const std::tuple<T...>& results) {
  return std::apply([](const auto&... r) { return Values{Value(reel::Tensor(r))...}; }, results);
}

/// Calls `form` with values turned into Types, if it can be.
template <class... Types, class Form>
Call call_of(const Form& form) {
  if constexpr (requires(Types & ... a) { form(a...); }) {
    return [form](Values& values) {
      size_t at = 0;
      std::tuple<Types...> arguments{Take<Types>::from(values, at)...};
      return std::apply([&](auto&... a) { return form(a...); }, arguments);
    };
  } else {
    return nullptr;
  }
}

template <class... Types, class Function, class Method, class InPlace, class Out>
bool add_row(const char* schema, const Function& function, const Method& method,
             const InPlace& in_place, const Out& out) {
  Row row{schema, call_of<Types...>(function), call_of<Types...>(method),
          call_of<Types...>(in_place), call_of<Types...>(out)};
  rows()[schema] = std::move(row);
  return true;
}

}  // namespace differential

#define REEL_CONCAT_(a, b) a##b
#define REEL_CONCAT(a, b) REEL_CONCAT_(a, b)
#define REEL_ROW(schema, name, ...)                                                          \
  namespace reel {                                                                           \
  static const bool REEL_CONCAT(row_, __COUNTER__) = ::differential::add_row<__VA_ARGS__>(   \
      schema,                                                                                \
      [](auto&... a) -> decltype(::differential::give(name(a...))) {                         \
        return ::differential::give(name(a...));                                             \
      },                                                                                     \
      [](auto& self, auto&... a) -> decltype(::differential::give(self.name(a...))) {        \
        return ::differential::give(self.name(a...));                                        \
      },                                                                                     \
      [](auto& self, auto&... a) -> decltype(self.name##_(a...), ::differential::Values{}) { \
        self.name##_(a...);                                                                  \
        return {self};                                                                       \
      },                                                                                     \
      [](auto&... a) -> decltype(name##_out(std::declval<Tensor&>(), a...),                  \
                                 ::differential::Values{}) {                                 \
        const auto expected = name(a...);                                                    \
        manual_seed(1);                                                                      \
        if constexpr (std::is_same_v<std::decay_t<decltype(expected)>, Tensor>) {            \
          Tensor out = empty({0}, expected.dtype());                                         \
          name##_out(out, a...);                                                             \
          return {out};                                                                      \
        } else {                                                                             \
          return {};                                                                         \
        }                                                                                    \
      });                                                                                    \
  }
