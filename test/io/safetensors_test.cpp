#include <cstdint>

#include <reel/io/safetensors.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using reel::test::le;
using reel::test::message_of;
using reel::test::read_bytes;
using reel::test::same;
using reel::test::write_bytes;

namespace {

std::string with_header(const std::string& header, const std::string& data = {}) {
  return le<uint64_t>(header.size()) + header + data;
}

}  // namespace

TEST_CASE("safetensors round trip of every dtype, layout and note") {
  const test::TempDir dir;
  const std::string path = dir.file("t.safetensors");
  StateDict saved;
  for (const ScalarType type :
       {kFloat, kDouble, kHalf, kBFloat16, kLong, kInt, kShort, kChar, kByte, kBool}) {
    saved.insert(to_string(type), tensor({0, 1, 1, 0, 1, 0}).reshape({2, 3}).to(type));
  }
  saved.insert("transposed", arange(6, kFloat).reshape({2, 3}).t());
  saved.insert("empty", zeros({0, 4}));
  saved.insert("scalar", full({}, 7.5));
  saved.insert("\"quoted\" \\ ü", ones({1}));
  save_safetensors(path, saved, {{"model", "tést \"x\""}, {"empty", ""}});

  Metadata metadata;
  const StateDict loaded = load_safetensors(path, &metadata);
  CHECK(metadata == Metadata{{"model", "tést \"x\""}, {"empty", ""}});
  REQUIRE(loaded.size() == saved.size());
  for (const auto& [name, tensor] : saved) {
    INFO(name);
    const Tensor& other = loaded[name];
    CHECK(other.is_contiguous());
    CHECK(same(other, tensor));
  }
}

TEST_CASE("A loaded tensor lies in the file's pages and can be changed without changing the file") {
  const test::TempDir dir;
  const std::string path = dir.file("t.safetensors");
  save_safetensors(path, {{"x", ones({1000})}});
  const std::string before = read_bytes(path);
  {
    // The tensor outlives the dict.
    Tensor x = load_safetensors(path)["x"];
    x.add_(1);
    CHECK(x.sum().item<float>() == 2000);
  }
  CHECK(read_bytes(path) == before);
  CHECK(load_safetensors(path)["x"].sum().item<float>() == 1000);
  // A file may be replaced while tensors of the old one are in use.
  const Tensor old = load_safetensors(path)["x"];
  save_safetensors(path, {{"x", zeros({1000})}});
  CHECK(old.sum().item<float>() == 1000);
}

TEST_CASE("safetensors: data that are not aligned are copied") {
  const test::TempDir dir;
  const std::string path = dir.file("t.safetensors");
  write_bytes(path, with_header(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                R"("f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                "\x07" + le(2.5f)));
  const StateDict loaded = load_safetensors(path);
  CHECK(loaded["b"].item<int>() == 7);
  CHECK(loaded["f"].item<float>() == 2.5f);
}

TEST_CASE("safetensors: a lying header is an error that names file, tensor and place") {
  struct Case {
    const char* header;
    const char* expected;
  };
  // Eight bytes of data follow each header.
  const Case cases[] = {
      {R"([])", "not a JSON object"},
      {R"({"x":)", "not JSON"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,800]}})",
       "tensor \"x\": data_offsets [0, 800] (bytes 64 to 864 of the file) lie outside its 72"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "lie outside"},
      {R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "need 12 bytes"},
      {R"({"x":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}})",
       "overflows"},
      {R"({"x":{"dtype":"F32","shape":[9223372036854775807,2,0],"data_offsets":[0,0]}})",
       "overflows"},
      {R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
       "a size is not a whole number"},
      {R"({"x":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", "not a whole number"},
      {R"({"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}})",
       "not a whole number"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", "malformed"},
      {R"({"x":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", "malformed"},
      {R"({"x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})",
       "tensor \"x\": dtype F8_E4M3 cannot be read"},
      {R"({"x":17})", "malformed"},
      {R"({"x":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},)"
       R"("y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
       "overlap"},
      {R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
       R"("y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
       "leave a hole"},
      {R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", "5 bytes at the end"},
      {R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
       R"("x":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
       "tensor \"x\" is there twice"},
      {R"({"x":{"dtype":"BOOL","shape":[8],"data_offsets":[0,8]}})", "not a bool"},
      {R"({"__metadata__":{"a":1},"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
       "\"a\" is not text"},
      {R"({"x":{"dtype":"U8","shape":[[[[[[8]]]]]],"data_offsets":[0,8]}})", "nested too deeply"},
  };
  const test::TempDir dir;
  const std::string path = dir.file("lies.safetensors");
  for (const Case& lie : cases) {
    INFO(lie.header);
    write_bytes(path, with_header(lie.header, "\2\2\2\2\2\2\2\2"));
    const std::string message = message_of([&] { load_safetensors(path); });
    CHECK_THAT(message, Catch::Matchers::StartsWith("load_safetensors: " + path + ": "));
    CHECK_THAT(message, Catch::Matchers::ContainsSubstring(lie.expected));
  }
  // A header as long as the address space, one longer than the file, and one of brackets alone.
  for (const std::string& bytes :
       {le<uint64_t>(UINT64_MAX) + "{}", le<uint64_t>(1000) + "{}", std::string("short"),
        with_header(std::string(1 << 20, '[')), std::string()}) {
    write_bytes(path, bytes);
    CHECK_THAT(message_of([&] { load_safetensors(path); }),
               Catch::Matchers::StartsWith("load_safetensors: " + path + ": "));
  }
}

TEST_CASE("safetensors: what cannot be saved is an error, and the old file stays") {
  const test::TempDir dir;
  const std::string path = dir.file("t.safetensors");
  save_safetensors(path, {{"x", ones({2})}});
  const std::string before = read_bytes(path);
  CHECK_THAT(message_of([&] {
               save_safetensors(path, {{"c", zeros({1}, kComplexFloat)}});
             }),
             Catch::Matchers::ContainsSubstring(
                 "tensor \"c\": safetensors has no dtype for ComplexFloat"));
  CHECK_THROWS_AS(save_safetensors(path, {{"u", Tensor()}}), Error);
  CHECK_THROWS_AS(save_safetensors(path, {{"\xff\xfe", ones({1})}}), Error);
  CHECK_THROWS_AS(save_safetensors(path, {{"__metadata__", ones({1})}}), Error);
  CHECK(read_bytes(path) == before);
}

TEST_CASE("StateDict keeps order and names what is missing") {
  StateDict tensors = {{"b", ones({1})}, {"a", zeros({2})}};
  CHECK(tensors.begin()->first == "b");
  CHECK(tensors["a"].numel() == 2);
  CHECK(tensors.find("c") == nullptr);
  CHECK_THAT(message_of([&] { tensors["c"]; }), Catch::Matchers::ContainsSubstring("\"c\""));
  CHECK_THROWS_AS(tensors.insert("a", ones({1})), Error);
}
