#include <cmath>
#include <iomanip>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <reel/tensor/check.h>
#include <reel/tensor/ops.h>

// Follows LibTorch's Formatting.cpp so that the output is the same to the last blank.

namespace reel {
namespace {

constexpr int64_t kLineSize = 80;

/// Gives the stream its number formats back.
class FormatGuard {
 public:
  explicit FormatGuard(std::ostream& stream) : stream_(stream) { saved_.copyfmt(stream); }
  FormatGuard(const FormatGuard&) = delete;
  FormatGuard& operator=(const FormatGuard&) = delete;
  ~FormatGuard() { stream_.copyfmt(saved_); }

 private:
  std::ostream& stream_;
  std::ios saved_{nullptr};
};

/// How the numbers of one block are printed: divided by a common scale, in columns of one width.
struct Format {
  double scale = 1;
  int width = 0;
};

/// The values of a tensor, or of the last two dimensions of one.
struct Values {
  const double* data = nullptr;
  int64_t count = 0;
};

/// Digits before the point; 0 and less for numbers below 1, and 1 for 0 itself.
double digits(double magnitude) {
  return magnitude != 0 ? std::floor(std::log10(magnitude)) + 1 : 1;
}

/// Chooses the format from the values and sets the stream to it.
Format set_format(std::ostream& stream, Values values) {
  if (values.count == 0) return {};
  bool whole = true;
  double low = 0, high = 0;
  bool any_finite = false;
  for (int64_t i = 0; i < values.count; ++i) {
    const double value = values.data[i];
    if (!std::isfinite(value)) continue;
    whole = whole && value == std::ceil(value);
    const double magnitude = std::fabs(value);
    low = any_finite ? std::fmin(low, magnitude) : magnitude;
    // A negative number never widens the columns: LibTorch compares it with its sign.
    high = any_finite ? std::fmax(high, value) : magnitude;
    any_finite = true;
  }
  const double low_digits = any_finite ? digits(low) : 1;
  const double high_digits = any_finite ? digits(high) : 1;

  if (whole && high_digits <= 9) {
    stream << std::defaultfloat;
    return {1, static_cast<int>(high_digits) + 1};
  }
  if (whole || high_digits - low_digits > 4) {
    stream << std::scientific << std::setprecision(4);
    const bool long_exponent = std::fabs(high_digits) > 99 || std::fabs(low_digits) > 99;
    return {1, !whole && long_exponent ? 12 : 11};
  }
  stream << std::fixed << std::setprecision(4);
  if (high_digits > 5 || high_digits < 0) return {std::pow(10, high_digits - 1), 7};
  return {1, high_digits == 0 ? 7 : static_cast<int>(high_digits) + 6};
}

void print_scale(std::ostream& stream, double scale) {
  const FormatGuard guard(stream);
  stream << std::defaultfloat << scale << " *\n";
}

void print_vector(std::ostream& stream, Values values) {
  const Format format = set_format(stream, values);
  if (format.scale != 1) print_scale(stream, format.scale);
  for (int64_t i = 0; i < values.count; ++i) {
    stream << std::setw(format.width) << values.data[i] / format.scale << '\n';
  }
}

void print_matrix(std::ostream& stream, const double* data, int64_t rows, int64_t columns,
                  int64_t indent) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  const Format format = set_format(stream, {data, rows * columns});
  stream << margin;
  const int64_t per_line = (kLineSize - indent) / (format.width + 1);
  for (int64_t first = 0; first < columns; first += per_line) {
    const int64_t last = std::min(first + per_line, columns) - 1;
    if (per_line < columns) {
      if (first != 0) stream << '\n';
      stream << "Columns " << first + 1 << " to " << last + 1 << margin;
    }
    if (format.scale != 1) {
      print_scale(stream, format.scale);
      stream << margin;
    }
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = first; column <= last; ++column) {
        stream << std::setw(format.width) << data[row * columns + column] / format.scale
               << (column == last ? '\n' : ' ');
      }
      if (row != rows - 1) stream << margin << (format.scale != 1 ? " " : "");
    }
  }
}

/// One matrix for each index of the leading dimensions, the first of which runs fastest.
void print_matrices(std::ostream& stream, const double* data, IntArrayRef sizes) {
  const size_t leading = sizes.size() - 2;
  const int64_t rows = sizes[leading], columns = sizes[leading + 1];
  const Shape strides = contiguous_strides(sizes);
  std::vector<int64_t> index(leading, 0);
  for (bool first = true;; first = false) {
    if (!first) stream << '\n';
    stream << '(';
    int64_t offset = 0;
    for (size_t d = 0; d < leading; ++d) {
      stream << index[d] + 1 << ',';
      offset += index[d] * strides[d];
    }
    stream << ".,.) = \n";
    print_matrix(stream, data + offset, rows, columns, 1);
    size_t d = 0;
    while (d < leading && ++index[d] == sizes[d]) index[d++] = 0;
    if (d == leading) return;
  }
}

void print_values(std::ostream& stream, const Tensor& values) {
  const auto* data = static_cast<const double*>(values.data_ptr());
  const IntArrayRef sizes = values.sizes();
  if (sizes.empty()) {
    stream << std::defaultfloat << data[0] << '\n';
  } else if (values.numel() == 0) {
    return;
  } else if (sizes.size() == 1) {
    print_vector(stream, {data, values.numel()});
  } else if (sizes.size() == 2) {
    print_matrix(stream, data, sizes[0], sizes[1], 0);
  } else {
    print_matrices(stream, data, sizes);
  }
}

/// Real or imaginary parts (part 0 or 1) as doubles; a real tensor's values for part 0.
Tensor as_doubles(const Tensor& tensor, int part) {
  Tensor host = tensor.detach().cpu();
  if (is_quantized(host.dtype())) host = host.dequantize();
  if (!host.is_complex()) return host.to(kDouble).contiguous();
  host = host.to(kComplexDouble).contiguous();
  Tensor result = empty(host.sizes(), TensorOptions(kDouble).device(kCPU));
  const auto* from = static_cast<const double*>(host.data_ptr());
  auto* to = static_cast<double*>(result.data_ptr());
  for (int64_t i = 0; i < result.numel(); ++i) to[i] = from[2 * i + part];
  return result;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor) {
  const FormatGuard guard(stream);
  if (!tensor.defined()) return stream << "[ Tensor (undefined) ]";

  print_values(stream, as_doubles(tensor, 0));
  if (tensor.is_complex()) {
    // LibTorch leaves the imaginary parts out.
    stream << "+ i *\n";
    print_values(stream, as_doubles(tensor, 1));
  }
  stream << "[ " << tensor.toString() << '{';
  for (size_t d = 0; d < tensor.sizes().size(); ++d) {
    stream << (d > 0 ? "," : "") << tensor.sizes()[d];
  }
  stream << '}';
  if (is_quantized(tensor.dtype())) {
    stream << ", qscheme: per_tensor_affine, scale: " << tensor.q_scale()
           << ", zero_point: " << tensor.q_zero_point();
  }
  return stream << " ]";
}

std::ostream& operator<<(std::ostream& stream, ScalarType type) {
  return stream << to_string(type);
}

std::ostream& operator<<(std::ostream& stream, Device device) { return stream << device.str(); }

std::ostream& operator<<(std::ostream& stream, IntArrayRef values) { return stream << str(values); }

std::string Tensor::toString() const {
  if (!defined()) return "UndefinedType";
  std::string backend = Device(device().type()).str();
  for (char& c : backend) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format("{}{}{}Type", is_quantized(dtype()) ? "Quantized" : "", backend, dtype());
}

void Tensor::print() const { std::cout << *this << std::endl; }

}  // namespace reel
