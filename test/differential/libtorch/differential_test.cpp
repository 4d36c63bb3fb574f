// Every function through reel and through LibTorch: values, dtypes, shapes, gradients and errors.
// REEL_DIFFERENTIAL_ONLY=add,mul runs the cases of schemas that begin so;
// REEL_DIFFERENTIAL_SAMPLE=8 runs every eighth.

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "differential/libtorch/case.h"
#include "differential/libtorch/row.h"
#include "support/catch.h"
#include "support/files.h"

namespace differential {

std::map<std::string, Row>& rows() {
  static std::map<std::string, Row> all;
  return all;
}

namespace {

std::string text_of(const reel::Tensor& t) {
  std::ostringstream s;
  s << reel::to_string(t.dtype()) << " " << t.sizes();
  return s.str();
}

double spacing_of(double at, reel::ScalarType type) {
  const double m = std::fabs(at);
  int digits = 24;
  double smallest = 0x1p-149;
  if (type == reel::kDouble || type == reel::kComplexDouble) digits = 53, smallest = 0x1p-1074;
  if (type == reel::kHalf) digits = 11, smallest = 0x1p-24;
  if (type == reel::kBFloat16) digits = 8, smallest = 0x1p-133;
  if (m == 0) return smallest;
  return std::max(smallest, std::ldexp(1.0, std::ilogb(m) + 1 - digits));
}

/// Empty if equal within the options' bounds: `ulp` units in the last place of each element, plus
/// `rel` units in the last place of the largest (of a complex number: of its larger part). What a
/// gradient is made of is of the size of 1, even where it cancels out.
std::string difference(const reel::Tensor& got, const reel::Tensor& expected, const Options& o) {
  if (got.defined() != expected.defined()) {
    return got.defined() ? "defined, LibTorch's is not" : "undefined, LibTorch's is not";
  }
  if (!got.defined()) return "";
  if (got.dtype() != expected.dtype() || !(got.sizes() == expected.sizes())) {
    return "is " + text_of(got) + ", LibTorch's " + text_of(expected);
  }
  if (o.strides && got.numel() > 0) {
    for (int64_t d = 0; d < got.dim(); ++d) {
      if (got.size(d) > 1 && got.stride(d) != expected.stride(d)) {
        std::ostringstream s;
        s << "has strides " << got.strides() << ", LibTorch's " << expected.strides();
        return s.str();
      }
    }
  }
  if (got.numel() == 0) return "";
  reel::Tensor a = got.detach().contiguous();
  reel::Tensor b = expected.detach().contiguous();
  const reel::ScalarType type = got.dtype();
  if (type == reel::kLong) {
    for (int64_t i = 0; i < a.numel(); ++i) {
      if (a.data_ptr<int64_t>()[i] != b.data_ptr<int64_t>()[i]) {
        return "element " + std::to_string(i) + " is " + std::to_string(a.data_ptr<int64_t>()[i]) +
               ", LibTorch's " + std::to_string(b.data_ptr<int64_t>()[i]);
      }
    }
    return "";
  }
  const bool complex = reel::is_complex(type);
  a = a.to(complex ? reel::kComplexDouble : reel::kDouble);
  b = b.to(complex ? reel::kComplexDouble : reel::kDouble);
  const auto* x = static_cast<const double*>(a.data_ptr());
  const auto* y = static_cast<const double*>(b.data_ptr());
  const int64_t parts = complex ? 2 : 1;
  double largest = 0;
  for (int64_t i = 0; i < a.numel() * parts; ++i) {
    if (std::isfinite(y[i])) largest = std::max(largest, std::fabs(y[i]));
  }
  for (int64_t i = 0; i < a.numel() * parts; ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    double bound = 0;
    if (o.gradient) largest = std::max(largest, 1.0);
    if (reel::is_differentiable(type)) {
      double at = std::fabs(y[i]);
      if (complex) at = std::max(at, std::fabs(y[i ^ 1]));
      if (complex && std::isinf(at)) at = std::fabs(y[i]);
      bound = o.ulp * spacing_of(at, type) + o.rel * spacing_of(largest, type);
    }
    if (std::fabs(x[i] - y[i]) <= bound) continue;
    std::ostringstream s;
    s.precision(17);
    s << "element " << i / parts << (complex ? (i % 2 != 0 ? " (imag)" : " (real)") : "") << " is "
      << x[i] << ", LibTorch's " << y[i];
    if (reel::is_differentiable(type)) {
      s << ": " << std::fabs(x[i] - y[i]) / spacing_of(y[i], type) << " ulp";
    }
    return s.str();
  }
  return "";
}

std::string difference(const Value& got, const Value& expected, const Options& o) {
  if (std::holds_alternative<reel::Tensor>(got) && std::holds_alternative<None>(expected)) {
    return std::get<reel::Tensor>(got).defined() ? "defined, LibTorch's is not" : "";
  }
  if (const auto* type = std::get_if<reel::ScalarType>(&got)) {
    // LibTorch's dtypes come back as numbers.
    const reel::ScalarType other = dtype_of_number(std::get<int64_t>(expected));
    if (*type == other || other == reel::ScalarType::Undefined) return "";
    return std::string("is ") + reel::to_string(*type) + ", LibTorch's " + reel::to_string(other);
  }
  if (got.index() != expected.index()) return "is of another kind than LibTorch's";
  if (const auto* t = std::get_if<reel::Tensor>(&got)) {
    return difference(*t, std::get<reel::Tensor>(expected), o);
  }
  if (const auto* list = std::get_if<std::vector<reel::Tensor>>(&got)) {
    const auto& other = std::get<std::vector<reel::Tensor>>(expected);
    if (list->size() != other.size()) return "has another number of tensors than LibTorch's";
    for (size_t i = 0; i < list->size(); ++i) {
      const std::string d = difference((*list)[i], other[i], o);
      if (!d.empty()) return "tensor " + std::to_string(i) + " " + d;
    }
    return "";
  }
  if (const auto* b = std::get_if<bool>(&got)) {
    return *b == std::get<bool>(expected) ? "" : "is not LibTorch's";
  }
  if (const auto* i = std::get_if<int64_t>(&got)) {
    return *i == std::get<int64_t>(expected) ? "" : "is not LibTorch's";
  }
  return "cannot be compared";
}

std::string difference(const Outcome& got, const Outcome& expected, const Options& o) {
  if (got.failed()) return "threw: " + got.error;
  if (got.results.size() != expected.results.size()) return "gives another number of results";
  for (size_t k = 0; k < got.results.size(); ++k) {
    const std::string d = difference(got.results[k], expected.results[k], o);
    if (!d.empty()) return "result " + std::to_string(k) + " " + d;
  }
  return "";
}

// Calls may write into their arguments, so each gets its own.
Values copies_of(const Values& values) {
  Values result = values;
  const auto copy = [](reel::Tensor& t) {
    if (!t.defined()) return;
    const reel::Tensor fresh = reel::empty_strided(t.sizes(), t.strides(), t.dtype());
    fresh.detach().copy_(t);
    t = fresh;
  };
  for (Value& v : result) {
    if (auto* t = std::get_if<reel::Tensor>(&v)) copy(*t);
    if (auto* list = std::get_if<std::vector<reel::Tensor>>(&v)) {
      for (reel::Tensor& t : *list) copy(t);
    }
  }
  return result;
}

Outcome call(const Call& form, const Values& arguments) {
  Outcome outcome;
  Values own = copies_of(arguments);
  reel::manual_seed(1);
  try {
    outcome.results = form(own);
  } catch (const std::exception& e) {
    outcome.error = e.what();
  }
  return outcome;
}

std::vector<reel::Tensor> tensors_of(const Values& values) {
  std::vector<reel::Tensor> result;
  for (const Value& v : values) {
    if (const auto* t = std::get_if<reel::Tensor>(&v)) result.push_back(*t);
    if (const auto* list = std::get_if<std::vector<reel::Tensor>>(&v)) {
      result.insert(result.end(), list->begin(), list->end());
    }
  }
  return result;
}

std::vector<reel::Tensor> directional(const std::vector<reel::Tensor>& outputs,
                                      const std::vector<reel::Tensor>& weights,
                                      const std::vector<reel::Tensor>& inputs, bool create_graph) {
  std::vector<reel::Tensor> used;
  std::vector<reel::Tensor> directions;
  for (size_t k = 0; k < outputs.size() && k < weights.size(); ++k) {
    if (!outputs[k].defined() || !outputs[k].requires_grad() || !weights[k].defined()) continue;
    used.push_back(outputs[k]);
    directions.push_back(weights[k]);
  }
  if (used.empty()) return std::vector<reel::Tensor>(inputs.size());
  return reel::autograd::grad(used, inputs, directions, true, create_graph, true);
}

Outcome gradients(const Call& form, const Values& arguments,
                  const std::vector<reel::Tensor>& weights,
                  const std::vector<reel::Tensor>& second) {
  Outcome outcome;
  Values own = copies_of(arguments);
  try {
    std::vector<reel::Tensor> inputs;
    for (const reel::Tensor& t : tensors_of(own)) {
      if (!t.defined() || !reel::is_differentiable(t.dtype())) continue;
      t.requires_grad_();
      inputs.push_back(t);
    }
    reel::manual_seed(1);
    std::vector<reel::Tensor> result =
        directional(tensors_of(form(own)), weights, inputs, !second.empty());
    if (!second.empty()) result = directional(result, second, inputs, false);
    for (reel::Tensor& t : result) outcome.results.emplace_back(t);
  } catch (const std::exception& e) {
    outcome.error = e.what();
  }
  return outcome;
}

// An undefined gradient is zero.
void define(Outcome& outcome, const Outcome& like) {
  for (size_t k = 0; k < outcome.results.size() && k < like.results.size(); ++k) {
    auto& t = std::get<reel::Tensor>(outcome.results[k]);
    const auto& other = std::get<reel::Tensor>(like.results[k]);
    if (!t.defined() && other.defined()) t = reel::zeros_like(other);
  }
}

std::vector<reel::Tensor> directions_for(const std::vector<reel::Tensor>& tensors, uint64_t seed) {
  std::vector<reel::Tensor> weights;
  for (const reel::Tensor& t : tensors) {
    weights.push_back(t.defined() && reel::is_differentiable(t.dtype())
                          ? make_tensor(t.sizes(), t.dtype(), ++seed)
                          : reel::Tensor());
  }
  return weights;
}

// The words of a message that a program could match on: without the name of the function that
// reel puts in front and LibTorch's own prefixes.
bool says(const std::string& ours, std::string theirs) {
  theirs = theirs.substr(0, theirs.find('\n'));
  return ours.find(theirs) != std::string::npos;
}

class Report {
 public:
  void fail(const std::string& schema, const std::string& what) {
    std::vector<std::string>& list = failures_[schema];
    list.push_back(what);
  }
  void print() const {
    for (const auto& [schema, list] : failures_) {
      for (size_t i = 0; i < list.size() && i < 6; ++i) std::cout << list[i] << '\n';
      if (list.size() > 6) {
        std::cout << "  ... and " << list.size() - 6 << " more of " << schema << '\n';
      }
    }
  }
  size_t failures() const {
    size_t n = 0;
    for (const auto& [schema, list] : failures_) n += list.size();
    return n;
  }
  size_t checks = 0;

 private:
  std::map<std::string, std::vector<std::string>> failures_;
};

void run_case(const Case& c, const Row& row, const Schema& schema, Report& report) {
  for (const reel::ScalarType dtype : c.options.dtypes) {
    for (const Layout layout : {Layout::Contiguous, Layout::Transposed, Layout::Strided}) {
      if (layout != Layout::Contiguous && (!c.options.layouts || c.edge_values || c.refused)) break;
      static const char* const kLayouts[] = {"contiguous", "transposed", "strided"};
      const std::string at = c.text() + ", " + reel::to_string(dtype) + ", " +
                             kLayouts[static_cast<int>(layout)] + ": ";
      Values arguments;
      try {
        arguments = make_arguments(c, schema, dtype, layout);
      } catch (const std::exception& e) {
        report.fail(c.schema, at + "CASE: " + e.what());
        return;
      }
      const Outcome expected = call_libtorch(c.schema, arguments);
      const Call& main = row.function ? row.function : row.method;
      const Outcome got = call(main, arguments);
      ++report.checks;
      if (c.refused) {
        if (!expected.failed()) {
          report.fail(c.schema, at + "CASE: LibTorch does not refuse it");
        } else if (!got.failed()) {
          report.fail(c.schema, at + "is not refused; LibTorch: " + expected.error);
        } else if (!c.options.any_words && !says(got.error, expected.error)) {
          report.fail(c.schema, at + "says: " + got.error + "\n    LibTorch: " + expected.error);
        }
        break;
      }
      if (expected.failed()) {
        // What LibTorch cannot do, reel may.
        if (dtype == reel::kFloat && layout == Layout::Contiguous) {
          report.fail(c.schema, at + "CASE: LibTorch refuses it: " + expected.error);
        }
        continue;
      }
      const std::string wrong = difference(got, expected, c.options);
      if (!wrong.empty()) {
        report.fail(c.schema, at + wrong);
        continue;
      }
      if (layout == Layout::Contiguous && c.options.forms) {
        if (row.function && row.method) {
          const std::string d = difference(call(row.method, arguments), expected, c.options);
          if (!d.empty()) report.fail(c.schema, at + "method: " + d);
        }
        if (row.out) {
          const Outcome written = call(row.out, arguments);
          if (!written.results.empty() || written.failed()) {
            const std::string d = difference(written, expected, c.options);
            if (!d.empty()) report.fail(c.schema, at + "out: " + d);
          }
        }
        std::string in_place = c.schema;
        in_place.insert(std::min(in_place.find('.'), in_place.size()), "_");
        if (row.in_place && find_schema(in_place)) {
          const Outcome theirs = call_libtorch(in_place, arguments, true);
          const Outcome ours = call(row.in_place, arguments);
          ++report.checks;
          if (theirs.failed() != ours.failed() && !theirs.failed()) {
            report.fail(c.schema, at + "in place threw: " + ours.error);
          } else if (theirs.failed() && !ours.failed()) {
            if (theirs.error.find("not implemented for") == std::string::npos &&
                theirs.error.find("supported") == std::string::npos) {
              report.fail(c.schema, at + "in place is not refused; LibTorch: " + theirs.error);
            }
          } else if (!theirs.failed()) {
            const std::string d = difference(ours, theirs, c.options);
            if (!d.empty()) report.fail(c.schema, at + "in place: " + d);
          }
        }
      }
      const bool precise =
          dtype == reel::kFloat || dtype == reel::kDouble || dtype == reel::kComplexDouble;
      if (c.options.grad < 1 || c.edge_values || !precise) continue;
      const auto outputs = tensors_of(got.results);
      const auto weights = directions_for(outputs, 11);
      Outcome theirs = gradients_of_libtorch(c.schema, arguments, weights, {});
      if (theirs.failed()) continue;
      Outcome ours = gradients(main, arguments, weights, {});
      define(theirs, ours);
      define(ours, theirs);
      // A gradient is a few operations more than the value.
      Options bounds = c.options;
      bounds.ulp = 4 * bounds.ulp + 4;
      bounds.rel = 4 * bounds.rel + 4;
      bounds.gradient = true;
      bounds.strides = false;
      ++report.checks;
      std::string d = difference(ours, theirs, bounds);
      if (!d.empty()) {
        report.fail(c.schema, at + "gradient: " + d);
        continue;
      }
      if (c.options.grad < 2 || dtype == reel::kFloat || layout != Layout::Contiguous) continue;
      std::vector<reel::Tensor> first;
      for (const Value& v : ours.results) first.push_back(std::get<reel::Tensor>(v));
      const auto second = directions_for(first, 101);
      theirs = gradients_of_libtorch(c.schema, arguments, weights, second);
      if (theirs.failed()) continue;
      ours = gradients(main, arguments, weights, second);
      define(theirs, ours);
      define(ours, theirs);
      bounds.ulp *= 8;
      bounds.rel *= 8;
      ++report.checks;
      d = difference(ours, theirs, bounds);
      if (!d.empty()) report.fail(c.schema, at + "second gradient: " + d);
    }
  }
}

std::vector<std::string> prefixes() {
  std::vector<std::string> result;
  const char* only = std::getenv("REEL_DIFFERENTIAL_ONLY");
  std::stringstream stream(only == nullptr ? "" : only);
  for (std::string p; std::getline(stream, p, ',');) result.push_back(p);
  return result;
}

}  // namespace
}  // namespace differential

TEST_CASE("Every function gives LibTorch's values, gradients and errors") {
  using namespace differential;
  const auto only = prefixes();
  const char* sample = std::getenv("REEL_DIFFERENTIAL_SAMPLE");
  const size_t every = sample == nullptr ? 1 : std::stoul(sample);
  Report report;
  size_t count = 0;
  size_t number = 0;
  for (const Case& c : read_cases()) {
    if (!only.empty()) {
      bool chosen = false;
      for (const std::string& p : only) {
        chosen = chosen || (p.back() == '$' ? c.schema + "$" == p : c.schema.rfind(p, 0) == 0);
      }
      if (!chosen) continue;
    }
    if (number++ % every != 0) continue;
    const auto row = rows().find(c.schema);
    const auto schema = find_schema(c.schema);
    if (row == rows().end() || !schema || (!row->second.function && !row->second.method)) {
      report.fail(c.schema, c.text() + ": CASE: " +
                                (schema ? "reel has no such function" : "no such schema"));
      continue;
    }
    ++count;
    run_case(c, row->second, *schema, report);
  }
  report.print();
  std::cout << count << " cases, " << report.checks << " comparisons, " << report.failures()
            << " differ\n";
  CHECK(report.failures() == 0);
}

TEST_CASE("No name is missing") {
  using namespace differential;
  std::set<std::string> tested;
  for (const Case& c : read_cases()) tested.insert(c.schema);
  std::ifstream names(reel::test::test_file("differential/operators.txt"));
  std::string line;
  size_t overloads = 0;
  std::vector<std::string> missing;
  while (std::getline(names, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::stringstream words(line);
    for (std::string name; words >> name;) {
      for (const std::string& schema : overloads_of(name)) {
        // Tested in C++: index expressions are TensorIndex there, devices and leaves are no cases.
        static const std::set<std::string> elsewhere = {"index.Tensor", "index_put", "is_leaf",
                                                        "to.device"};
        if (elsewhere.count(schema) != 0) continue;
        ++overloads;
        const auto row = rows().find(schema);
        if (row == rows().end() || (!row->second.function && !row->second.method)) {
          missing.push_back(schema + ": reel has no such function");
          continue;
        }
        // Methods are functions whose first argument is the tensor.
        const bool of_self = find_schema(schema)->parameters[0].name == "self" &&
                             find_schema(schema)->parameters[0].kind == Kind::Tensor &&
                             schema != "bernoulli.Tensor";
        if (of_self && is_method(name) && !row->second.method) {
          missing.push_back(schema + ": no method");
        }
        std::string in_place = schema;
        in_place.insert(std::min(in_place.find('.'), in_place.size()), "_");
        if (of_self && is_method(name + "_") && find_schema(in_place) && !row->second.in_place) {
          missing.push_back(in_place + ": no method in place");
        }
        if (tested.count(schema) == 0) missing.push_back(schema + ": no case");
      }
    }
  }
  for (const std::string& m : missing) std::cout << "missing: " << m << '\n';
  std::cout << overloads << " overloads, " << missing.size() << " lines missing\n";
  CHECK(missing.empty());
}
