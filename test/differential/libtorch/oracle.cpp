#include "differential/libtorch/oracle.h"

#include <fstream>
#include <set>
#include <sstream>

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

namespace differential {
namespace {

const c10::ScalarType kTypes[] = {
    c10::kByte,  c10::kChar,   c10::kShort,    c10::kInt,          c10::kLong,          c10::kHalf,
    c10::kFloat, c10::kDouble, c10::kBFloat16, c10::kComplexFloat, c10::kComplexDouble, c10::kBool};

c10::ScalarType to_torch(reel::ScalarType type) { return kTypes[static_cast<int>(type)]; }

reel::ScalarType from_torch(c10::ScalarType type) {
  for (int i = 0; i < 12; ++i) {
    if (kTypes[i] == type) return static_cast<reel::ScalarType>(i);
  }
  throw std::runtime_error(std::string("no such dtype: ") + c10::toString(type));
}

// Copies with the strides, so that layouts are the same.
at::Tensor to_torch(const reel::Tensor& t) {
  if (!t.defined()) return {};
  const at::Tensor result =
      at::empty_strided(t.sizes().vec(), t.strides().vec(), to_torch(t.dtype()));
  const size_t bytes =
      std::min(result.storage().nbytes(),
               t.storage()->bytes() - static_cast<size_t>(t.storage_offset()) * t.element_size());
  if (t.numel() > 0) std::memcpy(result.data_ptr(), t.data_ptr(), bytes);
  return result;
}

reel::Tensor from_torch(const at::Tensor& source) {
  if (!source.defined()) return {};
  // Gradients that are zero everywhere may come without memory.
  const at::Tensor t = source._is_zerotensor() ? at::zeros(source.sizes(), source.options())
                                               : source.detach().resolve_conj().resolve_neg();
  const reel::ScalarType type = from_torch(t.scalar_type());
  if (t.numel() == 0) return reel::empty(t.sizes().vec(), type);
  // With the strides: all memory from the first to the last element.
  int64_t span = 1;
  for (int64_t d = 0; d < t.dim(); ++d) span += (t.size(d) - 1) * t.stride(d);
  const reel::Tensor memory = reel::empty({span}, type);
  std::memcpy(memory.data_ptr(), t.data_ptr(), memory.nbytes());
  return memory.as_strided(t.sizes().vec(), t.strides().vec());
}

at::Scalar to_torch(const reel::Scalar& s) {
  if (s.is_boolean()) return s.toBool();
  if (s.is_integral()) return s.toLong();
  if (s.is_complex()) {
    const auto z = s.to<reel::Complex<double>>();
    return c10::complex<double>(z.real(), z.imag());
  }
  return s.toDouble();
}

c10::IValue to_ivalue(const Value& value) {
  struct Visitor {
    c10::IValue operator()(None) const { return {}; }
    c10::IValue operator()(const reel::Tensor& t) const { return to_torch(t); }
    c10::IValue operator()(const std::vector<reel::Tensor>& list) const {
      std::vector<at::Tensor> tensors;
      for (const auto& t : list) tensors.push_back(to_torch(t));
      return tensors;
    }
    c10::IValue operator()(const reel::Scalar& s) const { return to_torch(s); }
    c10::IValue operator()(int64_t i) const { return i; }
    c10::IValue operator()(double d) const { return d; }
    c10::IValue operator()(bool b) const { return b; }
    c10::IValue operator()(const std::vector<int64_t>& v) const { return v; }
    c10::IValue operator()(const std::vector<double>& v) const { return v; }
    c10::IValue operator()(const std::vector<reel::Scalar>& v) const {
      c10::List<at::Scalar> list;
      for (const auto& s : v) list.push_back(to_torch(s));
      return list;
    }
    c10::IValue operator()(const std::string& s) const { return s; }
    c10::IValue operator()(reel::ScalarType type) const {
      return static_cast<int64_t>(to_torch(type));
    }
  };
  return std::visit(Visitor{}, value);
}

Value from_ivalue(const c10::IValue& value, Kind kind) {
  if (value.isNone()) return None{};
  if (value.isTensor()) return from_torch(value.toTensor());
  if (value.isTensorList()) {
    std::vector<reel::Tensor> list;
    for (const at::Tensor& t : value.toTensorVector()) list.push_back(from_torch(t));
    return list;
  }
  if (kind == Kind::Dtype) return from_torch(static_cast<c10::ScalarType>(value.toInt()));
  if (kind == Kind::Scalar) {
    const at::Scalar s = value.toScalar();
    if (s.isBoolean()) return reel::Scalar(s.toBool());
    if (s.isIntegral(false)) return reel::Scalar(s.toLong());
    return reel::Scalar(s.toDouble());
  }
  // "int[1] stride=1" has a number for its default.
  if (kind == Kind::IntList && value.isInt()) return std::vector<int64_t>{value.toInt()};
  if (value.isBool()) return value.toBool();
  if (value.isInt()) return value.toInt();
  if (value.isDouble()) return value.toDouble();
  if (value.isString()) return value.toStringRef();
  if (value.isIntList()) return value.toIntVector();
  if (value.isDoubleList()) return value.toDoubleVector();
  return None{};
}

Kind kind_of(const c10::Argument& argument) {
  c10::TypePtr type = argument.real_type();
  if (auto optional = type->cast<c10::OptionalType>()) type = optional->getElementType();
  const std::string text = type->str();
  if (text == "Tensor") return Kind::Tensor;
  if (text == "Tensor[]") return Kind::TensorList;
  if (text == "Scalar" || text == "number") return Kind::Scalar;
  if (text == "ScalarType") return Kind::Dtype;
  if (text == "int" || text == "SymInt") return Kind::Int;
  if (text == "float") return Kind::Float;
  if (text == "bool") return argument.name() == "pin_memory" ? Kind::Other : Kind::Bool;
  if (text == "int[]" || text == "SymInt[]") return Kind::IntList;
  if (text == "float[]") return Kind::FloatList;
  if (text == "Scalar[]" || text == "number[]") return Kind::ScalarList;
  if (text == "str") return Kind::String;
  return Kind::Other;
}

c10::OperatorName operator_name(const std::string& schema) {
  const size_t dot = schema.find('.');
  return {"aten::" + schema.substr(0, dot), dot == std::string::npos ? "" : schema.substr(dot + 1)};
}

std::string first_lines(const std::string& message) {
  return message.substr(0, message.find("\nException raised from"));
}

// Results of a call, with the tensors among them flattened.
struct Ran {
  std::vector<c10::IValue> results;
  std::vector<at::Tensor> inputs;
};

Ran run(const std::string& schema, const Values& arguments, bool recorded) {
  const auto op = c10::Dispatcher::singleton().findSchema(operator_name(schema));
  if (!op) throw std::runtime_error("no such schema: " + schema);
  Ran ran;
  std::vector<c10::IValue> stack;
  const auto& parameters = op->schema().arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    c10::IValue value = to_ivalue(arguments[i]);
    if (parameters[i].type()->str().find("Scalar[]") != std::string::npos && value.isDoubleList()) {
      throw std::runtime_error("list of scalars expected");
    }
    if (value.isTensor() && value.toTensor().defined()) ran.inputs.push_back(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& t : value.toTensorVector()) ran.inputs.push_back(t);
    }
    stack.push_back(std::move(value));
  }
  if (recorded) {
    for (at::Tensor& t : ran.inputs) {
      if (t.is_floating_point() || t.is_complex()) t.requires_grad_();
    }
  }
  at::manual_seed(1);
  op->callBoxed(&stack);
  ran.results = stack;
  return ran;
}

template <class Body>
Outcome guarded(const Body& body) {
  Outcome outcome;
  try {
    body(outcome);
  } catch (const c10::Error& e) {
    outcome.error = first_lines(e.what_without_backtrace());
  } catch (const std::exception& e) {
    outcome.error = first_lines(e.what());
  }
  return outcome;
}

std::vector<at::Tensor> tensors_of(const std::vector<c10::IValue>& values) {
  std::vector<at::Tensor> tensors;
  for (const auto& v : values) {
    if (v.isTensor()) tensors.push_back(v.toTensor());
    if (v.isTensorList()) {
      for (const at::Tensor& t : v.toTensorVector()) tensors.push_back(t);
    }
  }
  return tensors;
}

std::vector<at::Tensor> differentiable(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> result;
  for (const auto& t : tensors) {
    if (t.requires_grad()) result.push_back(t);
  }
  return result;
}

std::vector<at::Tensor> directional(const std::vector<at::Tensor>& outputs,
                                    const std::vector<reel::Tensor>& weights,
                                    const std::vector<at::Tensor>& inputs, bool create_graph) {
  std::vector<at::Tensor> used;
  std::vector<at::Tensor> directions;
  for (size_t k = 0; k < outputs.size() && k < weights.size(); ++k) {
    if (!outputs[k].defined() || !outputs[k].requires_grad() || !weights[k].defined()) continue;
    used.push_back(outputs[k]);
    directions.push_back(to_torch(weights[k]));
  }
  if (used.empty()) return std::vector<at::Tensor>(inputs.size());
  return torch::autograd::grad(used, inputs, directions, true, create_graph, true);
}

}  // namespace

std::optional<Schema> find_schema(const std::string& name) {
  const auto op = c10::Dispatcher::singleton().findSchema(operator_name(name));
  if (!op) return std::nullopt;
  Schema schema{name, {}};
  for (const c10::Argument& a : op->schema().arguments()) {
    Parameter p{a.name(), kind_of(a), a.type()->cast<c10::OptionalType>() != nullptr, {}};
    if (a.default_value()) {
      p.missing = from_ivalue(*a.default_value(), p.kind);
    } else if (p.kind == Kind::Other) {
      p.missing = None{};
    }
    schema.parameters.push_back(std::move(p));
  }
  return schema;
}

reel::ScalarType dtype_of_number(int64_t number) {
  for (int i = 0; i < 12; ++i) {
    if (kTypes[i] == static_cast<c10::ScalarType>(number)) return static_cast<reel::ScalarType>(i);
  }
  return reel::ScalarType::Undefined;
}

std::vector<std::string> overloads_of(const std::string& function) {
  std::vector<std::string> names;
  for (const c10::OperatorName& op : c10::Dispatcher::singleton().getAllOpNames()) {
    if (op.name != "aten::" + function) continue;
    const auto handle = c10::Dispatcher::singleton().findSchema(op);
    if (!handle) continue;
    bool counts = true;
    for (const c10::Argument& a : handle->schema().arguments()) {
      const std::string type = a.real_type()->str();
      if (a.is_out() || op.overload_name.find("ame") != std::string::npos ||  // dimname, names, ...
          type.find("Storage") != std::string::npos) {
        counts = false;
      }
    }
    // TorchScript's functions on plain numbers and lists are not Tensor functions.
    bool tensors = false;
    for (const auto& list : {handle->schema().arguments(), handle->schema().returns()}) {
      for (const c10::Argument& a : list) {
        tensors = tensors || a.type()->str().find("Tensor") != std::string::npos;
      }
    }
    if (counts && tensors) {
      names.push_back(op.overload_name.empty() ? function : function + "." + op.overload_name);
    }
  }
  return names;
}

bool is_method(const std::string& name) {
  static const std::set<std::string> methods = [] {
    std::set<std::string> names;
    std::ifstream header(REEL_LIBTORCH_TENSOR_HEADER);
    std::string line;
    while (std::getline(header, line)) {
      const size_t open = line.find('(');
      const size_t space = line.rfind(' ', open);
      if (open == std::string::npos || space == std::string::npos) continue;
      if (line.rfind("  at::Tensor", 0) == 0 || line.rfind("  ::std", 0) == 0 ||
          line.rfind("  bool", 0) == 0) {
        names.insert(line.substr(space + 1, open - space - 1));
      }
    }
    return names;
  }();
  return methods.count(name) != 0;
}

Outcome call_libtorch(const std::string& schema, const Values& arguments, bool in_place) {
  return guarded([&](Outcome& outcome) {
    const Ran ran = run(schema, arguments, false);
    if (in_place) {
      outcome.results.push_back(from_torch(ran.inputs.at(0)));
      return;
    }
    for (const auto& v : ran.results) outcome.results.push_back(from_ivalue(v, Kind::Other));
  });
}

Outcome gradients_of_libtorch(const std::string& schema, const Values& arguments,
                              const std::vector<reel::Tensor>& weights,
                              const std::vector<reel::Tensor>& second) {
  return guarded([&](Outcome& outcome) {
    const Ran ran = run(schema, arguments, true);
    const auto inputs = differentiable(ran.inputs);
    const auto outputs = tensors_of(ran.results);
    auto gradients = directional(outputs, weights, inputs, !second.empty());
    if (!second.empty()) gradients = directional(gradients, second, inputs, false);
    for (const auto& g : gradients) outcome.results.push_back(from_torch(g));
  });
}

}  // namespace differential
