#include <reel/io/pth.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using namespace std::string_literals;
using reel::test::message_of;
using reel::test::read_bytes;
using reel::test::same;
using reel::test::test_file;

TEST_CASE("pth: a checkpoint with views, nesting and every dtype, zip and legacy") {
  for (const char* name : {"io/fixtures/checkpoint.pth", "io/fixtures/checkpoint_legacy.pth"}) {
    INFO(name);
    const StateDict loaded = load_pth(test_file(name));
    CHECK(loaded.size() == 12);
    const Tensor base = loaded["state_dict.base"];
    CHECK(same(base, arange(24, kFloat).reshape({4, 6})));
    const Tensor transposed = loaded["state_dict.transposed"];
    CHECK(same(transposed, base.t()));
    CHECK(transposed.strides() == IntArrayRef({1, 6}));
    const Tensor slice = loaded["state_dict.slice"];
    CHECK(same(slice, base.slice(0, 1, 3).slice(1, 2, 5)));
    CHECK(slice.storage_offset() == 8);
    // The three views share one storage, as they did when they were saved.
    CHECK(transposed.storage() == base.storage());
    Tensor changed = base;
    changed.fill_(5);
    CHECK(slice.sum().item<float>() == 30);

    const Tensor expected = tensor({1.5, -2.25});
    CHECK(same(loaded["state_dict.half"], expected.to(kHalf)));
    CHECK(same(loaded["state_dict.bfloat16"], expected.to(kBFloat16)));
    CHECK(same(loaded["state_dict.double"], full({1, 1}, 1e300, kDouble)));
    CHECK(loaded["state_dict.long"].item<int64_t>() == (int64_t{1} << 40) + 1);
    CHECK(loaded["state_dict.long"].dim() == 0);
    CHECK(same(loaded["state_dict.bool"], tensor({1, 0, 1}, kBool)));
    CHECK(same(loaded["state_dict.byte"], tensor({0, 255}, kByte)));
    CHECK(same(loaded["state_dict.empty"], zeros({0, 3})));
    CHECK(same(loaded["list.0"], tensor({7.0f, 8.0f})));
    CHECK(same(loaded["list.1"], tensor({9}, kInt)));
  }
}

TEST_CASE("pth: a lone tensor") {
  const StateDict loaded = load_pth(test_file("io/fixtures/lone.pth"));
  CHECK(same(loaded["tensor"], tensor({1.0f, 2.0f})));
}

TEST_CASE("pth: sizes and strides that reach outside the storage are errors") {
  // The legacy file keeps its pickle in plain sight: 'base' has the size (4, 6), stride (6, 1).
  const std::string good = read_bytes(test_file("io/fixtures/checkpoint_legacy.pth"));
  const std::string sizes = "K\4K\6\x86", strides = "K\6K\1\x86";
  REQUIRE(good.find(sizes) != good.npos);
  REQUIRE(good.find(strides) != good.npos);
  const test::TempDir dir;
  const std::string path = dir.file("lies.pth");
  const auto load = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    bytes.replace(bytes.find(from), from.size(), to);
    test::write_bytes(path, bytes);
    return message_of([&] { load_pth(path); });
  };
  const std::string tensor = "load_pth: " + path + ": tensor \"state_dict.base\"";
  for (const auto& message : {load(sizes, "K\5K\6\x86"), load(strides, "K\7K\1\x86"),
                              load(sizes, "\x8a\x08\0\0\0\0\0\0\0\x40K\6\x86"s),
                              load(strides, "\x8a\x08\0\0\0\0\0\0\0\x40K\1\x86"s)}) {
    CHECK_THAT(message,
               Catch::Matchers::StartsWith(tensor) && ContainsSubstring("reach outside storage"));
  }
  CHECK_THAT(load(sizes, "J\xff\xff\xff\xffK\6\x86"s), ContainsSubstring("size is malformed"));
  CHECK_THAT(load(strides, "K\6\x85"), ContainsSubstring("stride"));
}

TEST_CASE("pth: other files are refused with the reason") {
  const test::TempDir dir;
  const std::string path = dir.file("x.pth");
  test::write_bytes(path, "hello");
  CHECK_THAT(message_of([&] { load_pth(path); }), ContainsSubstring("neither a zip archive"));
  CHECK_THAT(message_of([] { load_pth(test_file("io/fixtures/arrays.npz")); }),
             ContainsSubstring("has no data.pkl"));
  test::write_bytes(path, "\x80\2K\1.");
  CHECK_THAT(message_of([&] { load_pth(path); }), ContainsSubstring("wrong magic number"));
}
