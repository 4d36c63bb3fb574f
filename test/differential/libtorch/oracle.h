#pragma once

// LibTorch behind reel's types: what functions there are, and what they give. It is called through
// the dispatcher by the name of a schema, so no function is named here.

#include <optional>
#include <string>
#include <vector>

#include "differential/libtorch/value.h"

namespace differential {

enum class Kind {
  Tensor,
  TensorList,
  Scalar,
  Int,
  Float,
  Bool,
  IntList,
  FloatList,
  ScalarList,
  String,
  Dtype,
  Other,  ///< layouts, devices, generators: always left at their default
};

struct Parameter {
  std::string name;
  Kind kind = Kind::Other;
  bool optional = false;
  /// What is passed where a case is silent; nothing if it must not be.
  std::optional<Value> missing;
};

struct Schema {
  std::string name;  ///< "add.Tensor"
  std::vector<Parameter> parameters;
};

/// The schema of this name, if LibTorch has one.
std::optional<Schema> find_schema(const std::string& name);
/// The names of all schemas of a function but those that write into an `out` or name dimensions.
std::vector<std::string> overloads_of(const std::string& function);
/// True if LibTorch's Tensor has a method of this name.
bool is_method(const std::string& name);

/// The dtype for which LibTorch's dispatcher gives this number; Undefined if reel has none.
reel::ScalarType dtype_of_number(int64_t number);

/// Calls the schema with its seed set. `in_place` gives what became of the first argument instead
/// of the results.
Outcome call_libtorch(const std::string& schema, const Values& arguments, bool in_place = false);
/// Gradients of the results in direction `weights` (one for each tensor among them, undefined to
/// leave one out) for each floating-point tensor among the arguments; undefined ones are zero. Of
/// second order: the gradients of those gradients in direction `second`.
Outcome gradients_of_libtorch(const std::string& schema, const Values& arguments,
                              const std::vector<reel::Tensor>& weights,
                              const std::vector<reel::Tensor>& second);

}  // namespace differential
