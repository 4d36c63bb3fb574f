#include "differential/libtorch/case.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>

#include "support/files.h"

namespace differential {
namespace {

using reel::ScalarType;

const std::map<std::string, std::vector<ScalarType>>& dtype_groups() {
  static const std::map<std::string, std::vector<ScalarType>> groups{
      {"all",
       {reel::kFloat, reel::kDouble, reel::kHalf, reel::kBFloat16, reel::kByte, reel::kChar,
        reel::kShort, reel::kInt, reel::kLong, reel::kBool, reel::kComplexFloat,
        reel::kComplexDouble}},
      {"real",
       {reel::kFloat, reel::kDouble, reel::kHalf, reel::kBFloat16, reel::kByte, reel::kChar,
        reel::kShort, reel::kInt, reel::kLong, reel::kBool}},
      {"float", {reel::kFloat, reel::kDouble, reel::kHalf, reel::kBFloat16}},
      {"double", {reel::kFloat, reel::kDouble}},
      {"int", {reel::kByte, reel::kChar, reel::kShort, reel::kInt, reel::kLong, reel::kBool}},
      {"complex", {reel::kComplexFloat, reel::kComplexDouble}},
  };
  return groups;
}

std::optional<ScalarType> dtype_named(const std::string& name) {
  for (int i = 0; i < 12; ++i) {
    const auto type = static_cast<ScalarType>(i);
    if (name == reel::to_string(type)) return type;
  }
  return std::nullopt;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// Words of a line; what is in brackets or quotes belongs together.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (c == '(' || c == '[' || c == '{')) ++depth;
    if (!quoted && (c == ')' || c == ']' || c == '}')) --depth;
    if (c == ' ' && depth == 0 && !quoted) {
      if (!word.empty()) words.push_back(word);
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error(what); }

void read_options(const std::string& text, Options& o) {
  for (const std::string& word : words_of(text)) {
    const size_t eq = word.find('=');
    const std::string key = word.substr(0, eq);
    const std::string value = eq == std::string::npos ? "1" : word.substr(eq + 1);
    if (key == "dtypes") {
      o.dtypes.clear();
      for (const std::string& name : split(value, ',')) {
        if (dtype_groups().count(name) != 0) {
          const auto& group = dtype_groups().at(name);
          o.dtypes.insert(o.dtypes.end(), group.begin(), group.end());
        } else if (const auto type = dtype_named(name)) {
          o.dtypes.push_back(*type);
        } else {
          wrong("no such dtypes: " + name);
        }
      }
    } else if (key == "ulp") {
      o.ulp = std::stod(value);
    } else if (key == "rel") {
      o.rel = std::stod(value);
    } else if (key == "grad") {
      o.grad = std::stoi(value);
    } else if (key == "strides") {
      o.strides = value != "0";
    } else if (key == "layouts") {
      o.layouts = value != "0";
    } else if (key == "edges") {
      o.edges = value != "0";
    } else if (key == "any") {
      o.any_words = value != "0";
    } else if (key == "forms") {
      o.forms = value != "0";
    } else {
      wrong("no such option: " + key);
    }
  }
}

// Edge values in all combinations need as many elements as their number to the power of tensors.
constexpr int kEdges = 14;

// The tensors that @1, @2, @3 stand for; the last are to be filled with edge values.
std::vector<std::vector<std::string>> spread_shapes(int tensors) {
  std::vector<std::vector<std::string>> result;
  const std::string pairs[][3] = {{"(2,3,4)", "(2,3,4)", "(2,3,4)"},
                                  {"()", "()", "()"},
                                  {"(0)", "(0)", "(0)"},
                                  {"(37)", "(37)", "(37)"},
                                  {"(2,0,3)", "(3)", "()"},
                                  {"(2,3,4)", "(3,1)", "(4)"},
                                  {"(5)", "()", "(2,1)"},
                                  {"(1,4)", "(3,1)", "(1,1)"}};
  const int count = tensors == 1 ? 5 : 8;
  for (int i = 0; i < count; ++i) {
    result.emplace_back(pairs[i], pairs[i] + tensors);
  }
  int n = 1;
  for (int i = 0; i < std::min(tensors, 2); ++i) n *= kEdges;
  result.emplace_back(static_cast<size_t>(tensors), "(" + std::to_string(n) + ")");
  return result;
}

void add_cases(Case c, std::vector<Case>& cases) {
  const auto at = std::find_if(c.arguments.begin(), c.arguments.end(), [](const std::string& a) {
    return a.size() == 2 && a[0] == '@' && a[1] >= '1' && a[1] <= '3';
  });
  if (at == c.arguments.end()) {
    cases.push_back(std::move(c));
    return;
  }
  const auto shapes = spread_shapes((*at)[1] - '0');
  const size_t position = static_cast<size_t>(at - c.arguments.begin());
  for (size_t i = 0; i < shapes.size(); ++i) {
    Case one = c;
    one.arguments.erase(one.arguments.begin() + static_cast<int64_t>(position));
    one.arguments.insert(one.arguments.begin() + static_cast<int64_t>(position), shapes[i].begin(),
                         shapes[i].end());
    one.edge_values = i + 1 == shapes.size();
    if (one.edge_values && !c.options.edges) continue;
    cases.push_back(std::move(one));
  }
}

struct Shape {
  std::vector<int64_t> sizes;
  size_t end = 0;
};

Shape read_shape(const std::string& text, size_t open) {
  Shape shape;
  shape.end = text.find(')', open);
  if (shape.end == std::string::npos) wrong("missing ) in " + text);
  for (const std::string& n : split(text.substr(open + 1, shape.end - open - 1), ',')) {
    shape.sizes.push_back(std::stoll(n));
  }
  ++shape.end;
  return shape;
}

std::optional<reel::Scalar> read_number(const std::string& text) {
  if (text == "true") return reel::Scalar(true);
  if (text == "false") return reel::Scalar(false);
  const size_t unsigned_from = text[0] == '-' || text[0] == '+' ? 1 : 0;
  const std::string rest = text.substr(unsigned_from);
  if (rest != "inf" && rest != "nan" &&
      (rest.empty() || (std::isdigit(static_cast<unsigned char>(rest[0])) == 0 && rest[0] != '.')))
    return std::nullopt;
  if (text.back() == 'i') {
    size_t used = 0;
    const double first = std::stod(text, &used);
    if (text.substr(used) == "i") return reel::Scalar(reel::Complex<double>(0, first));
    const double imag = std::stod(text.substr(used));
    return reel::Scalar(reel::Complex<double>(first, imag));
  }
  if (rest != "inf" && rest != "nan" && rest.find_first_of(".eE") == std::string::npos) {
    return reel::Scalar(int64_t{std::stoll(text)});
  }
  size_t used = 0;
  const double value = std::stod(text, &used);
  if (used != text.size()) return std::nullopt;
  return reel::Scalar(value);
}

uint64_t hash_of(const std::string& text) {
  uint64_t h = 1469598103934665603u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return h;
}

reel::Tensor fill(const std::vector<int64_t>& sizes, ScalarType dtype, uint64_t seed, double low,
                  double high, bool uniform) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(0, 1.5);
  std::uniform_real_distribution<double> between(low, high);
  int64_t count = 1;
  for (const int64_t n : sizes) count *= n;
  const bool whole = !reel::is_differentiable(dtype);
  const auto draw = [&] {
    if (dtype == reel::kBool && !uniform) return static_cast<double>(engine() % 2);
    if (uniform) return whole ? std::floor(between(engine)) : between(engine);
    if (whole) return static_cast<double>(engine() % 19) - (dtype == reel::kByte ? 0 : 9);
    return normal(engine);
  };
  if (reel::is_complex(dtype)) {
    const reel::Tensor t = reel::empty(sizes, reel::kComplexDouble);
    auto* data = t.data_ptr<reel::Complex<double>>();
    for (int64_t i = 0; i < count; ++i) {
      const double re = draw();
      data[i] = {re, draw()};
    }
    return t.to(dtype);
  }
  const reel::Tensor t = reel::empty(sizes, reel::kDouble);
  auto* data = t.data_ptr<double>();
  for (int64_t i = 0; i < count; ++i) data[i] = draw();
  return t.to(dtype);
}

// Edge values of the dtype; the k-th tensor of a case changes at every kEdges^k-th element.
reel::Tensor edges(int64_t count, ScalarType dtype, int tensor) {
  const auto at = [&](int64_t i) {
    for (int k = 0; k < tensor % 2; ++k) i /= kEdges;
    return static_cast<size_t>((i + tensor / 2) % kEdges);
  };
  if (!reel::is_differentiable(dtype)) {
    const int64_t bits = static_cast<int64_t>(reel::element_size(dtype)) * 8;
    const int64_t max = dtype == reel::kByte ? 255
                        : dtype == reel::kBool
                            ? 1
                            : static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1);
    const int64_t min = dtype == reel::kByte || dtype == reel::kBool ? 0 : -max - 1;
    const int64_t values[kEdges] = {0,
                                    1,
                                    min,
                                    max,
                                    2,
                                    3,
                                    min / 2,
                                    max / 2,
                                    5,
                                    7,
                                    max - 1,
                                    63,
                                    dtype == reel::kByte ? 200 : -1,
                                    dtype == reel::kByte ? 9 : -7};
    const reel::Tensor t = reel::empty({count}, reel::kLong);
    for (int64_t i = 0; i < count; ++i) t.data_ptr<int64_t>()[i] = values[at(i)];
    return t.to(dtype);
  }
  const double inf = std::numeric_limits<double>::infinity();
  const bool is_double = dtype == reel::kDouble || dtype == reel::kComplexDouble;
  const double largest = is_double                  ? std::numeric_limits<double>::max()
                         : dtype == reel::kHalf     ? 65504
                         : dtype == reel::kBFloat16 ? 0x1.fep127
                                                    : std::numeric_limits<float>::max();
  const double denormal = is_double ? 0x1p-1060 : dtype == reel::kHalf ? 0x1p-20 : 0x1p-140;
  const double values[kEdges] = {0.0, -0.0, 1.0,          -1.0,    0.5,      -2.5,     3.0,
                                 inf, -inf, std::nan(""), largest, -largest, denormal, 1e-3};
  const reel::Tensor t =
      reel::empty({count}, reel::is_complex(dtype) ? reel::kComplexDouble : reel::kDouble);
  for (int64_t i = 0; i < count; ++i) {
    if (reel::is_complex(dtype)) {
      t.data_ptr<reel::Complex<double>>()[i] = {values[at(i)],
                                                values[static_cast<size_t>(i * 5 + 2) % kEdges]};
    } else {
      t.data_ptr<double>()[i] = values[at(i)];
    }
  }
  return t.to(dtype);
}

reel::Tensor lay_out(const reel::Tensor& t, Layout layout) {
  if (layout == Layout::Contiguous || t.dim() == 0) return t;
  std::vector<int64_t> strides(static_cast<size_t>(t.dim()));
  int64_t stride = layout == Layout::Strided ? 2 : 1;
  if (layout == Layout::Transposed) {
    for (size_t i = 0; i < strides.size(); ++i) {
      strides[i] = stride;
      stride *= std::max<int64_t>(t.sizes()[i], 1);
    }
  } else {
    for (size_t i = strides.size(); i-- > 0;) {
      strides[i] = stride;
      stride *= std::max<int64_t>(t.sizes()[i], 1);
    }
  }
  const reel::Tensor result = reel::empty_strided(t.sizes(), strides, t.dtype());
  result.detach().copy_(t);
  return result;
}

struct Making {
  const Case& c;
  ScalarType dtype;
  Layout layout;
  int tensors = 0;

  reel::Tensor tensor(const std::string& token) {
    size_t open = token.find('(');
    ScalarType type = dtype;
    bool own = false;
    if (open == 1) {
      own = true;
      switch (token[0]) {
        case 'L':
          type = reel::kLong;
          break;
        case 'B':
          type = reel::kBool;
          break;
        case 'I':
          type = reel::kInt;
          break;
        case 'F':
          type = reel::kFloat;
          break;
        case 'D':
          type = reel::kDouble;
          break;
        case 'Z':
          type = reel::kComplexDouble;
          break;
        case 'U':
          type = reel::kByte;
          break;
        case 'H':
          type = reel::kHalf;
          break;
        default:
          wrong("no such dtype letter: " + token);
      }
    } else if (open != 0) {
      wrong("not a tensor: " + token);
    }
    const Shape shape = read_shape(token, open);
    const std::string rest = token.substr(shape.end);
    const int number = tensors++;
    const uint64_t seed = hash_of(c.schema + token) + static_cast<uint64_t>(number) * 77;
    reel::Tensor t;
    if (c.edge_values && !own && rest.empty()) {
      t = edges(shape.sizes.at(0), type, number);
    } else if (rest.empty()) {
      t = fill(shape.sizes, type, seed, 0, 0, false);
    } else if (rest[0] == '<') {
      t = fill(shape.sizes, type, seed, 0, std::stod(rest.substr(1)), true);
    } else if (rest[0] == '~') {
      const auto bounds = split(rest.substr(1), ',');
      t = fill(shape.sizes, type, seed, std::stod(bounds.at(0)), std::stod(bounds.at(1)), true);
    } else if (rest[0] == '{') {
      const auto list = split(rest.substr(1, rest.size() - 2), ',');
      t = reel::empty(shape.sizes, reel::kDouble);
      if (static_cast<int64_t>(list.size()) != t.numel()) wrong("number of values in " + token);
      for (size_t i = 0; i < list.size(); ++i) t.data_ptr<double>()[i] = std::stod(list[i]);
      t = t.to(type);
    } else if (rest[0] == '+') {
      const reel::Tensor a = fill(shape.sizes, reel::kDouble, seed, 0, 0, false);
      const int64_t n = a.size(-1);
      const reel::Tensor i = reel::eye(n, reel::kDouble);
      t = (a.matmul(a.transpose(-2, -1)) / static_cast<double>(n) + i).to(type);
    } else {
      wrong("what is " + rest + " in " + token);
    }
    return own ? t : lay_out(t, layout);
  }

  Value value(const std::string& token, const Parameter& p) {
    if (token == "none") return None{};
    switch (p.kind) {
      case Kind::Tensor:
        return tensor(token);
      case Kind::TensorList: {
        std::vector<reel::Tensor> list;
        if (token.front() != '{') wrong("expected {tensors} for " + p.name + ", got " + token);
        for (const auto& w : words_of(token.substr(1, token.size() - 2))) list.push_back(tensor(w));
        return list;
      }
      case Kind::Scalar:
        if (const auto s = read_number(token)) return *s;
        break;
      case Kind::Int:
        if (const auto s = read_number(token)) return s->toLong();
        break;
      case Kind::Float:
        if (const auto s = read_number(token)) return s->toDouble();
        break;
      case Kind::Bool:
        if (token == "true" || token == "false") return token == "true";
        break;
      case Kind::IntList: {
        std::vector<int64_t> list;
        if (token.front() != '[') {
          list.push_back(std::stoll(token));
          return list;
        }
        for (const auto& n : split(token.substr(1, token.size() - 2), ','))
          list.push_back(std::stoll(n));
        return list;
      }
      case Kind::FloatList: {
        std::vector<double> list;
        for (const auto& n : split(token.substr(1, token.size() - 2), ','))
          list.push_back(std::stod(n));
        return list;
      }
      case Kind::ScalarList: {
        std::vector<reel::Scalar> list;
        for (const auto& n : split(token.substr(1, token.size() - 2), ','))
          list.push_back(read_number(n).value());
        return list;
      }
      case Kind::String:
        if (token.front() == '\'') return token.substr(1, token.size() - 2);
        break;
      case Kind::Dtype:
        if (const auto type = dtype_named(token)) return *type;
        break;
      case Kind::Other:
        break;
    }
    wrong("cannot read " + token + " as parameter " + p.name);
  }
};

}  // namespace

std::string Case::text() const {
  std::string t = file + ":" + std::to_string(line) + ": " + schema;
  for (const auto& a : arguments) t += " " + a;
  return t + (edge_values ? " (edge values)" : "");
}

std::vector<Case> read_cases() {
  std::vector<Case> cases;
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(reel::test::test_file("differential/cases"));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream stream(path);
    Options defaults;
    read_options("dtypes=all", defaults);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      const size_t comment = line.find('#');
      if (comment != std::string::npos) line.erase(comment);
      if (line.find_first_not_of(' ') == std::string::npos) continue;
      try {
        if (line[0] == '@' && line[1] == ' ') {
          defaults = Options{};
          read_options("dtypes=all", defaults);
          read_options(line.substr(2), defaults);
          continue;
        }
        Case c;
        c.file = path.filename().string();
        c.line = number;
        c.options = defaults;
        const size_t semicolon = line.find(';');
        if (semicolon != std::string::npos) {
          read_options(line.substr(semicolon + 1), c.options);
          line.erase(semicolon);
        }
        if (line[0] == '!') {
          c.refused = true;
          line.erase(0, 1);
        }
        std::vector<std::string> alternatives = split(line, '|');
        for (size_t i = 0; i < alternatives.size(); ++i) {
          std::vector<std::string> words = words_of(alternatives[i]);
          if (i == 0) {
            c.schema = words.at(0);
            words.erase(words.begin());
          }
          c.arguments = words;
          add_cases(c, cases);
        }
      } catch (const std::exception& e) {
        wrong(path.filename().string() + ":" + std::to_string(number) + ": " + e.what());
      }
    }
  }
  return cases;
}

Values make_arguments(const Case& c, const Schema& schema, reel::ScalarType dtype, Layout layout) {
  Making making{c, dtype, layout};
  std::vector<std::optional<Value>> given(schema.parameters.size());
  size_t position = 0;
  for (const std::string& token : c.arguments) {
    size_t at = position;
    std::string text = token;
    const size_t eq = token.find('=');
    if (eq != std::string::npos && token.find_first_of("('[{") > eq) {
      const std::string name = token.substr(0, eq);
      for (at = 0; at < schema.parameters.size() && schema.parameters[at].name != name;) ++at;
      text = token.substr(eq + 1);
    } else {
      ++position;
    }
    if (at >= schema.parameters.size()) wrong("no parameter for " + token);
    given[at] = making.value(text, schema.parameters[at]);
  }
  Values values;
  for (size_t i = 0; i < given.size(); ++i) {
    const Parameter& p = schema.parameters[i];
    if (given[i]) {
      values.push_back(*given[i]);
    } else if (p.missing) {
      values.push_back(*p.missing);
    } else {
      wrong("parameter " + p.name + " is not given");
    }
  }
  return values;
}

reel::Tensor make_tensor(reel::IntArrayRef sizes, reel::ScalarType dtype, uint64_t seed) {
  return fill(sizes.vec(), dtype, seed, 0, 0, false);
}

}  // namespace differential
