#include <cstdint>
#include <zlib.h>

#include <reel/io/npy.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using namespace std::string_literals;
using reel::test::data_file;
using reel::test::message_of;
using reel::test::read_bytes;
using reel::test::same;
using reel::test::test_file;
using reel::test::write_bytes;

namespace {

std::string npy(const std::string& header, const std::string& data = {}) {
  return "\x93NUMPY\1\0"s + test::le(static_cast<uint16_t>(header.size())) + header + data;
}

}  // namespace

TEST_CASE("npy round trip of every dtype and layout") {
  const test::TempDir dir;
  const std::string path = dir.file("t.npy");
  for (const ScalarType type : {kFloat, kDouble, kHalf, kLong, kInt, kShort, kChar, kByte, kBool,
                                kComplexFloat, kComplexDouble}) {
    INFO(to_string(type));
    const Tensor saved = tensor({0, 1, 1, 0, 1, 0}).reshape({2, 3}).to(type);
    for (const Tensor& layout :
         {saved, saved.t(), saved.select(0, 1), saved.reshape({2, 3, 1, 1})}) {
      save_npy(path, layout);
      CHECK(same(load_npy(path), layout));
    }
  }
  for (const Tensor& odd : {zeros({0, 4}), full({}, 7.5), zeros({3})}) {
    save_npy(path, odd);
    CHECK(same(load_npy(path), odd));
    // numpy wants the data at a multiple of 64 bytes.
    CHECK((read_bytes(path).size() - odd.nbytes()) % 64 == 0);
  }
  CHECK_THAT(message_of([&] { save_npy(path, zeros({1}, kBFloat16)); }),
             ContainsSubstring("numpy has no dtype for BFloat16"));
}

TEST_CASE("npy in Fortran order and the other byte order") {
  const test::TempDir dir;
  const std::string path = dir.file("t.npy");
  // [[1, 2, 3], [4, 5, 6]] column by column.
  write_bytes(path, npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }",
                        "\0\1\0\4\0\2\0\5\0\3\0\6"s));
  CHECK(same(load_npy(path), tensor({1, 2, 3, 4, 5, 6}, kShort).reshape({2, 3})));
  // Python 2 wrote long sizes.
  write_bytes(path, npy("{'shape': (2L,), 'fortran_order': False, 'descr': '|u1'}", "\1\2"));
  CHECK(same(load_npy(path), tensor({1, 2}, kByte)));
}

TEST_CASE("npy: the big-endian Fortran-order sample equals the one in C order") {
  const auto plain = data_file("formats/conv1_1_weight.npy");
  const auto fortran = data_file("formats/conv1_1_weight_fortran.npy");
  if (plain.empty() || fortran.empty()) return;
  const Tensor expected = load_npy(plain);
  CHECK(expected.sizes() == IntArrayRef({64, 3, 3, 3}));
  const Tensor loaded = load_npy(fortran);
  CHECK(loaded.dtype() == kDouble);
  CHECK(loaded.is_contiguous());
  CHECK(same(loaded.to(kFloat), expected));
}

TEST_CASE("npy: a lying file is an error that names it") {
  struct Case {
    std::string bytes;
    const char* expected;
  };
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const Case cases[] = {
      {"", "npy data needs 8 bytes"},
      {"PNG........", "not an .npy file"},
      {"\x93NUMPY\7\0\0\0"s, "version 7"},
      {npy(good, "1234567"), "need 8 bytes and 7 are there"},
      {npy(good, "123456789"), "need 8 bytes and 9 are there"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"),
       "overflows"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4, 0), }"),
       "overflows"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }"),
       "expected a size"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"), "expected a size"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,"), "expected a size"},
      {npy("{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }"), "'<U2' cannot be read"},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }"), "structured"},
      {npy("{'descr': '|O', 'fortran_order': False, 'shape': (), }"), "Python objects"},
      {npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\1\2"), "not a bool"},
      {npy("{'descr': '<f4'}"), "missing"},
      {npy("{'__import__': 'os'}"), "unknown key"},
      {npy(std::string(60000, '(')), "longer than"},
  };
  const test::TempDir dir;
  const std::string path = dir.file("lies.npy");
  for (const Case& lie : cases) {
    INFO(lie.expected);
    write_bytes(path, lie.bytes);
    const std::string message = message_of([&] { load_npy(path); });
    CHECK_THAT(message, Catch::Matchers::StartsWith("load_npy: " + path + ": "));
    CHECK_THAT(message, ContainsSubstring(lie.expected));
  }
  CHECK_THROWS_AS(load_npy(test_file("io/fixtures/strings.npy")), Error);
  CHECK_THROWS_AS(load_npy(dir.file("missing.npy")), Error);
  CHECK_THROWS_AS(load_npy(dir.path().string()), Error);
}

TEST_CASE("npz round trip, stored and deflated") {
  const test::TempDir dir;
  const std::string path = dir.file("t.npz");
  const StateDict saved = {{"conv/weight", arange(1000, kFloat).reshape({10, 100})},
                           {"empty", zeros({0})},
                           {"t", arange(6, kLong).reshape({2, 3}).t()}};
  for (const bool compress : {false, true}) {
    save_npz(path, saved, compress);
    const StateDict loaded = load_npz(path);
    REQUIRE(loaded.size() == saved.size());
    for (const auto& [name, tensor] : saved) CHECK(same(loaded[name], tensor));
  }
  save_npz(path, {});
  CHECK(load_npz(path).empty());
}

TEST_CASE("npz as numpy writes it") {
  // numpy.savez_compressed, with the zip64 fields that numpy forces.
  const StateDict loaded = load_npz(test_file("io/fixtures/arrays.npz"));
  CHECK(same(loaded["a"], arange(12, kLong).reshape({3, 4})));
  CHECK(same(loaded["b"], arange(6, kShort).reshape({2, 3})));
  CHECK(same(loaded["c"], full({}, 2.5, kDouble)));
  CHECK(same(loaded["d"], zeros({0, 3}, kHalf)));
  const auto* e = static_cast<const float*>(loaded["e"].data_ptr());
  CHECK(e[0] == 1);
  CHECK(e[1] == 2);
}

namespace {

/// An archive of one entry whose directory may lie.
struct Zip {
  std::string name = "x.npy", data;
  uint16_t method = 0, flags = 0;
  uint32_t packed = 0, size = 0, crc = 0, offset = 0, entries = 1;

  explicit Zip(std::string bytes) : data(std::move(bytes)) {
    packed = size = static_cast<uint32_t>(data.size());
    crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  }
  std::string bytes() const {
    using test::le;
    const auto length = static_cast<uint16_t>(name.size());
    const std::string common = le(flags) + le(method) + le(uint32_t{0}) + le(crc) + le(packed) +
                               le(size) + le(length) + le(uint16_t{0});
    const std::string local = "PK\3\4" + le(uint16_t{20}) + common + name + data;
    const std::string central = "PK\1\2" + le(uint16_t{20}) + le(uint16_t{20}) + common +
                                std::string(10, '\0') + le(offset) + name;
    const auto count = static_cast<uint16_t>(entries);
    return local + central + "PK\5\6" + le(uint32_t{0}) + le(count) + le(count) +
           le(static_cast<uint32_t>(central.size())) + le(static_cast<uint32_t>(local.size())) +
           le(uint16_t{0});
  }
};

std::string deflate_bytes(const std::string& plain) {
  z_stream z = {};
  deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, plain.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace

TEST_CASE("npz: lying archives and bombs are errors that name file and entry") {
  const std::string array =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "12345678");
  const test::TempDir dir;
  const std::string path = dir.file("lies.npz");
  const auto message = [&](const Zip& zip) {
    write_bytes(path, zip.bytes());
    return message_of([&] { load_npz(path); });
  };
  REQUIRE(message(Zip(array)).empty());
  const std::string entry = "load_npz: " + path + ": entry \"x.npy\"";

  Zip zip(array);
  zip.crc ^= 1;
  CHECK_THAT(message(zip), Catch::Matchers::StartsWith(entry) && ContainsSubstring("checksum"));
  zip = Zip(array);
  zip.size = zip.packed = 1 << 30;
  CHECK_THAT(message(zip), Catch::Matchers::StartsWith(entry) && ContainsSubstring("data needs"));
  zip = Zip(array);
  zip.size -= 1;
  CHECK_THAT(message(zip), ContainsSubstring("sizes differ"));
  zip = Zip(array);
  zip.offset = 1 << 30;
  CHECK_THAT(message(zip), ContainsSubstring("local header should be at byte 1073741824"));
  zip = Zip(array);
  zip.flags = 1;
  CHECK_THAT(message(zip), ContainsSubstring("encrypted"));
  zip = Zip(array);
  zip.method = 93;
  CHECK_THAT(message(zip), ContainsSubstring("method 93"));
  zip = Zip(array);
  zip.entries = 60000;
  CHECK_THAT(message(zip), ContainsSubstring("cannot hold 60000 entries"));
  zip = Zip("not an array");
  CHECK_THAT(message(zip), ContainsSubstring("not an .npy file"));

  // Deflated: a claim that deflate cannot reach, data that go on, data that end early.
  const auto deflated = [&](const std::string& plain) {
    Zip made(deflate_bytes(plain));
    made.method = 8;
    made.size = static_cast<uint32_t>(plain.size());
    made.crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(plain.data()), static_cast<uInt>(plain.size())));
    return made;
  };
  REQUIRE(message(deflated(array)).empty());
  zip = deflated(array);
  zip.size = 0xfffffff0;
  CHECK_THAT(message(zip),
             Catch::Matchers::StartsWith(entry) && ContainsSubstring("deflate cannot do"));
  zip = deflated(array + "more");
  zip.size = static_cast<uint32_t>(array.size());
  CHECK_THAT(message(zip), ContainsSubstring("goes on"));
  zip = deflated(array);
  zip.size += 4;
  CHECK_THAT(message(zip), ContainsSubstring("need 8 bytes and 12 are there"));
  zip = deflated(array);
  zip.data.resize(zip.data.size() / 2);
  zip.packed = static_cast<uint32_t>(zip.data.size());
  CHECK_FALSE(message(zip).empty());
  // A bomb of ones that keeps to its word: 2 GiB of zeros in 2 MB, which the header describes.
  zip = Zip(std::string(2 << 20, '\0'));
  zip.method = 8;
  zip.size = uint32_t{2} << 30;
  CHECK_THAT(message(zip), ContainsSubstring("zip bomb"));
}

TEST_CASE("A pickled dict of arrays") {
  const std::string path = test_file("io/fixtures/dict_py3.npy");
  const StateDict loaded = load_npy_dict(path);
  REQUIRE(loaded.size() == 4);
  CHECK(same(loaded["conv1_1.0"], arange(54, kFloat).reshape({3, 3, 3, 2})));
  CHECK(same(loaded["conv1_1.1"], tensor({1, 2}, kDouble)));
  CHECK(same(loaded["fc.weights"], arange(6, kInt).reshape({2, 3})));
  CHECK(same(loaded["fc.biases"], tensor({1, 0}, kBool)));
  CHECK_THAT(message_of([&] { load_npy(path); }), ContainsSubstring("load_npy_dict"));
  CHECK_THROWS_AS(load_npy_dict(test_file("io/fixtures/objects.npy")), Error);
}
