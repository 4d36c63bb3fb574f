#include <algorithm>
#include <cstdint>
#include <vector>
#include <zlib.h>

#include <reel/io/mat.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::message_of;
using reel::test::same;

namespace {

/// Writes level 5 MAT files in either byte order.
class MatWriter {
 public:
  explicit MatWriter(bool big_endian) : big_endian_(big_endian) {}

  template <class T>
  std::string number(T value) const {
    std::string bytes = test::le(value);
    if (big_endian_) std::reverse(bytes.begin(), bytes.end());
    return bytes;
  }
  std::string element(uint32_t type, const std::string& data) const {
    const std::string padding((8 - data.size() % 8) % 8, '\0');
    return number(type) + number(static_cast<uint32_t>(data.size())) + data + padding;
  }
  /// A name, or "" for what lies in a cell or a struct, in the short form where it fits.
  std::string text(const std::string& data) const {
    if (data.empty() || data.size() > 4) return element(1, data);
    const auto tag = static_cast<uint32_t>(data.size() << 16 | 1);
    return number(tag) + data + std::string(4 - data.size(), '\0');
  }
  std::string matrix(uint32_t mat_class, const std::vector<int32_t>& sizes, const std::string& name,
                     const std::string& contents, uint32_t flags = 0) const {
    std::string dims;
    for (const int32_t size : sizes) dims += number(size);
    return element(14, element(6, number(mat_class | flags) + number(uint32_t{0})) +
                           element(5, dims) + text(name) + contents);
  }
  template <class T>
  std::string numbers(const std::vector<T>& values) const {
    std::string bytes;
    for (const T value : values) bytes += number(value);
    return bytes;
  }
  std::string chars(const std::string& value) const {
    std::string wide;
    for (const char c : value) wide += number(static_cast<uint16_t>(c));
    return matrix(4, {1, static_cast<int32_t>(value.size())}, "", element(4, wide));
  }
  std::string fields(const std::vector<std::string>& names) const {
    std::string padded;
    for (std::string name : names) {
      name.resize(8, '\0');
      padded += name;
    }
    const auto length = static_cast<uint32_t>(4 << 16 | 5);
    return number(length) + number(uint32_t{8}) + element(1, padded);
  }
  std::string layer(const std::string& name, const std::vector<int32_t>& sizes,
                    const std::vector<float>& filters, const std::vector<float>& biases) const {
    const auto count = static_cast<int32_t>(biases.size());
    const std::string weights = matrix(1, {1, 2}, "",
                                       matrix(7, sizes, "", element(7, numbers(filters))) +
                                           matrix(7, {1, count}, "", element(7, numbers(biases))));
    return matrix(2, {1, 1}, "",
                  fields({"name", "type", "weights"}) + chars(name) + chars("conv") + weights);
  }
  std::string file(const std::string& contents) const {
    std::string head = "MATLAB 5.0 MAT-file";
    head.resize(124, ' ');
    return head + number(uint16_t{0x0100}) + number(uint16_t{0x4d49}) + contents;
  }

 private:
  bool big_endian_;
};

std::string compressed(const MatWriter& writer, const std::string& element) {
  std::string out(compressBound(element.size()), '\0');
  uLongf size = out.size();
  compress2(reinterpret_cast<Bytef*>(out.data()), &size,
            reinterpret_cast<const Bytef*>(element.data()), element.size(), 9);
  out.resize(size);
  return writer.number(uint32_t{15}) + writer.number(static_cast<uint32_t>(size)) + out;
}

}  // namespace

TEST_CASE("mat: numbers of every class, cells and structs, in both byte orders") {
  const test::TempDir dir;
  const std::string path = dir.file("t.mat");
  for (const bool big_endian : {false, true}) {
    INFO("big endian " << big_endian);
    const MatWriter w(big_endian);
    const std::string single =
        w.matrix(7, {2, 3}, "single", w.element(7, w.numbers<float>({1, 4, 2, 5, 3, 6})));
    test::write_bytes(
        path,
        w.file(single +
               // A double array whose values fit bytes is stored in bytes.
               compressed(w, w.matrix(6, {1, 3}, "double", w.element(2, "\1\2\xff"))) +
               w.matrix(11, {1, 2}, "uint16", w.element(4, w.numbers<uint16_t>({1, 65535}))) +
               w.matrix(13, {1, 1}, "uint32", w.element(6, w.numbers<uint32_t>({4294967295u}))) +
               w.matrix(14, {1, 1}, "int64", w.element(12, w.numbers<int64_t>({-5}))) +
               w.matrix(4, {1, 2}, "text", w.element(16, "ab")) +
               w.matrix(1, {1, 2}, "cell",
                        w.matrix(8, {1, 1}, "", w.element(1, "\xff")) + w.element(14, "")) +
               w.matrix(2, {1, 1}, "struct",
                        w.fields({"a", "b"}) + w.matrix(9, {1, 1}, "", w.element(2, "\7")) +
                            w.chars("hello"))));
    const StateDict loaded = load_mat(path);
    CHECK(loaded.size() == 8);
    CHECK(same(loaded["single"], tensor({1, 2, 3, 4, 5, 6}, kFloat).reshape({2, 3})));
    CHECK(same(loaded["double"], tensor({1, 2, 255}, kDouble).reshape({1, 3})));
    CHECK(same(loaded["uint16"], tensor({1, 65535}, kInt).reshape({1, 2})));
    CHECK(loaded["uint32"].item<int64_t>() == 4294967295);
    CHECK(loaded["int64"].item<int64_t>() == -5);
    CHECK(same(loaded["cell.0"], tensor({-1}, kChar).reshape({1, 1})));
    CHECK(loaded["cell.1"].numel() == 0);
    CHECK(same(loaded["struct.a"], tensor({7}, kByte).reshape({1, 1})));
  }
}

TEST_CASE("mat: a MatConvNet model becomes (out, in, height, width)") {
  const test::TempDir dir;
  const std::string path = dir.file("net.mat");
  const MatWriter w(false);
  // Height 1, width 2, 3 channels in, 2 out; the values say h, w, i, o.
  std::vector<float> filters;
  for (int o = 0; o < 2; ++o) {
    for (int i = 0; i < 3; ++i) {
      for (int x = 0; x < 2; ++x) filters.push_back(static_cast<float>(100 * o + 10 * i + x));
    }
  }
  const std::string layers = w.matrix(1, {1, 2}, "layers",
                                      w.layer("conv1_1", {1, 2, 3, 2}, filters, {7, 8}) +
                                          // A last dimension of one is dropped by MATLAB.
                                          w.layer("conv1_2", {1, 1, 2}, {5, 6}, {9}));
  const std::string image = w.matrix(6, {1, 2, 3}, "", w.element(2, "\1\3\2\4\5\7"));
  const std::string normalization =
      w.matrix(2, {1, 1}, "normalization", w.fields({"average"}) + image);
  test::write_bytes(path, w.file(layers + normalization));
  const MatConvNet net = load_matconvnet(path);
  CHECK(net.tensors.size() == 4);
  const Tensor weight = net.tensors["conv1_1.weight"];
  REQUIRE(weight.sizes() == IntArrayRef({2, 3, 1, 2}));
  CHECK(weight[1][2][0][1].item<float>() == 121);
  CHECK(same(net.tensors["conv1_1.bias"], tensor({7.0f, 8.0f})));
  CHECK(net.tensors["conv1_2.weight"].sizes() == IntArrayRef({1, 2, 1, 1}));
  CHECK(net.average_image.empty());  // the field is called averageImage
}

TEST_CASE("mat: lying files are errors that name them") {
  const MatWriter w(false);
  const std::string good = w.matrix(7, {1, 2}, "x", w.element(7, w.numbers<float>({1, 2})));
  std::string nested = good;
  for (int i = 0; i < 30; ++i) nested = w.matrix(1, {1, 1}, "", nested);
  std::string bomb = compressed(w, good);
  // The inflated tag says 4 GiB.
  const std::string huge = w.number(uint32_t{14}) + w.number(uint32_t{0xfffffff0}) + good;
  struct Case {
    std::string bytes;
    const char* expected;
  };
  std::string hdf = "MATLAB 7.3 MAT-file";
  hdf.resize(200, ' ');
  const Case cases[] = {
      {"short", "truncated"},
      {hdf, "7.3 (HDF5)"},
      {std::string(128, 'x'), "no MATLAB 5 file"},
      {w.file(w.matrix(7, {1, 3}, "x", w.element(7, w.numbers<float>({1, 2})))),
       "\"x\" of shape [1, 3] needs 12 bytes and has 8"},
      {w.file(w.matrix(7, {65536, 65536, 65536, 65536}, "x", w.element(7, ""))), "overflow"},
      {w.file(w.matrix(7, {-1, 2}, "x", w.element(7, ""))), "overflow"},
      {w.file(w.matrix(1, {1, 1000000000}, "x", good)), "a data element needs"},
      {w.file(w.matrix(2, {65536, 32768}, "x", w.fields({"a"}))), "a data element needs"},
      {w.file(w.matrix(5, {1, 1}, "x", good)), "class 5"},
      {w.file(w.matrix(7, {1, 2}, "x", good, 0x800)), "complex"},
      {w.file(w.matrix(7, {1, 2}, "x", w.element(99, "12345678"))), "unknown type 99"},
      {w.file(nested), "nested more than 16 deep"},
      {w.file(good + good), "\"x\" is there twice"},
      {w.file(compressed(w, huge)), "deflate cannot do"},
      {w.file(bomb.substr(0, bomb.size() - 6)), "a data element needs"},
      {w.file(w.matrix(15, {1, 1}, "u", w.element(13, w.numbers<uint64_t>({~uint64_t{0}})))),
       "does not fit Long"},
  };
  const test::TempDir dir;
  const std::string path = dir.file("lies.mat");
  for (const Case& lie : cases) {
    INFO(lie.expected);
    test::write_bytes(path, lie.bytes);
    const std::string message = message_of([&] { load_mat(path); });
    CHECK_THAT(message, Catch::Matchers::StartsWith("load_mat: " + path + ": "));
    CHECK_THAT(message, ContainsSubstring(lie.expected));
  }
  test::write_bytes(path, w.file(good));
  CHECK_THAT(message_of([&] { load_matconvnet(path); }), ContainsSubstring("no cell array"));
  test::write_bytes(
      path, w.file(w.matrix(1, {1, 1}, "layers", w.layer("c", {1, 1, 1, 2}, {1, 2}, {1, 2, 3}))));
  CHECK_THAT(message_of([&] { load_matconvnet(path); }), ContainsSubstring("3 biases"));
}
