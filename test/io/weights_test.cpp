#include <filesystem>

#include <reel/io/npy.h>
#include <reel/io/weights.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

using namespace reel;
using Catch::Matchers::ContainsSubstring;
using reel::test::data_file;
using reel::test::message_of;
using reel::test::same;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

bool is_caffe(const std::optional<Preprocessing>& p) {
  return p && p->str() == Preprocessing::caffe().str();
}

}  // namespace

TEST_CASE("The same five layers load alike from every format") {
  const auto reference = data_file("formats/vgg19_5layers.safetensors");
  if (reference.empty()) return;
  const Weights expected = load_weights(reference);
  CHECK(expected.format == "safetensors");
  CHECK(is_caffe(expected.preprocessing));
  REQUIRE(expected.tensors.size() == 10);
  CHECK(expected.tensors["conv3_1.weight"].sizes() == IntArrayRef({256, 128, 3, 3}));

  struct Case {
    const char* file;
    const char* format;
    double tolerance;
  };
  const Case cases[] = {
      {"formats/vgg19_5layers.npz", "npz", 0},
      // float16: half a unit in the 11th bit; the largest value, a bias of 1.2, gives 2^-11.
      {"formats/vgg19_5layers_deflated.npz", "npz", 0x1p-11},
      {"formats/vgg19_5layers.npy", "npy", 0},
      {"formats/vgg19_5layers.pth", "pth", 0},
      {"formats/vgg19_5layers_legacy.pth", "pth", 0},
      {"vgg19/vgg19_conv_f16.safetensors", "safetensors", 0x1p-11},
      // The first two blocks only.
      {"formats/imagenet-vgg-verydeep-19-5layers.mat", "mat", 0},
  };
  for (const Case& one : cases) {
    INFO(one.file);
    const auto path = data_file(one.file);
    if (path.empty()) continue;
    const Weights loaded = load_weights(path);
    CHECK(loaded.format == one.format);
    CHECK(is_caffe(loaded.preprocessing));
    size_t compared = 0;
    for (const auto& [name, tensor] : expected.tensors) {
      const Tensor* other = loaded.tensors.find(name);
      if (other == nullptr) continue;
      INFO(name);
      ++compared;
      CHECK(other->dtype() == kFloat);
      CHECK(other->is_contiguous());
      REQUIRE(other->sizes() == tensor.sizes());
      CHECK(largest_difference(*other, tensor) <= one.tolerance);
    }
    CHECK(compared == (loaded.format == "mat" ? 8 : 10));
  }
}

TEST_CASE("Formats are told by content, not by name") {
  const auto source = data_file("formats/vgg19_5layers.npy");
  if (source.empty()) return;
  const test::TempDir dir;
  const std::string path = dir.file("weights.safetensors");
  std::filesystem::copy_file(source, path);
  CHECK(load_weights(path).format == "npy");
}

TEST_CASE("Preprocessing reads what it writes, and nothing else") {
  for (const Preprocessing& p : {Preprocessing::caffe(), Preprocessing::torchvision()}) {
    const auto read = Preprocessing::parse(p.str());
    REQUIRE(read);
    CHECK(read->channels == p.channels);
    CHECK(read->scale == p.scale);
    for (int c = 0; c < 3; ++c) {
      CHECK(read->mean[c] == p.mean[c]);
      CHECK(read->std[c] == p.std[c]);
    }
  }
  CHECK(Preprocessing::parse("RGB, 0..1"));
  CHECK(Preprocessing::parse("BGR, 0..255, minus 103.939,116.779,123.68"));
  for (const char* text :
       {"", "RGB", "GBR, 0..1", "RGB, 0..2", "RGB, 0..1, minus 1,2",
        "RGB, 0..1, minus 1,2,3, over 1,0,1", "RGB, 0..1, minus 1,2,3 and more"}) {
    INFO(text);
    CHECK_FALSE(Preprocessing::parse(text));
  }
}

TEST_CASE("Names, layout and preprocessing of made-up networks") {
  const test::TempDir dir;
  // torchvision's names of two blocks, with a prefix; nothing tells the preprocessing.
  StateDict tensors;
  for (const int index : {0, 2, 5, 7}) {
    const std::string name = "module.features." + std::to_string(index);
    tensors.insert(name + ".weight", full({8, index == 0 ? 3 : 8, 3, 3}, index + 10.0));
    tensors.insert(name + ".bias", zeros({8}));
  }
  tensors.insert("classifier.0.weight", ones({2, 8}));
  const std::string path = dir.file("w");
  save_safetensors(path, tensors);
  Weights loaded = load_weights(path);
  CHECK_FALSE(loaded.preprocessing);
  CHECK(loaded.tensors["conv1_2.weight"][0][0][0][0].item<float>() == 12);
  CHECK(loaded.tensors["conv2_2.weight"][0][0][0][0].item<float>() == 17);
  CHECK(loaded.tensors.contains("conv2_1.bias"));
  CHECK(loaded.tensors.contains("classifier.0.weight"));
  // Whole numbers are no network's weights, but no reason to stumble.
  save_safetensors(path, {{"conv1_1.weight", ones({8, 3, 3, 3}, kLong)}});
  CHECK_FALSE(load_weights(path).preprocessing);
  // Metadata decide.
  save_safetensors(path, tensors, {{"input", Preprocessing::torchvision().str()}});
  loaded = load_weights(path);
  REQUIRE(loaded.preprocessing);
  CHECK(loaded.preprocessing->channels == Preprocessing::Channels::kRGB);
  // The published torchvision network is known by its first filter.
  Tensor first = zeros({64, 3, 3, 3});
  const float corner[] = {-5.3474e-02f, 1.7015e-02f, -4.4885e-02f};
  for (int64_t c = 0; c < 3; ++c) first.accessor<float, 4>()[0][c][0][0] = corner[c];
  save_safetensors(path, {{"features.0.weight", first}, {"features.0.bias", zeros({64})}});
  loaded = load_weights(path);
  REQUIRE(loaded.preprocessing);
  CHECK(loaded.preprocessing->str() == Preprocessing::torchvision().str());
  // In numpy's files, filters are (height, width, in, out) if only that fits the biases.
  const Tensor turned = arange(2 * 3 * 3 * 3, kFloat).reshape({3, 3, 3, 2});
  save_npz(path, {{"conv1_1_W", turned}, {"conv1_1_b", zeros({2})}});
  loaded = load_weights(path);
  CHECK(is_caffe(loaded.preprocessing));
  CHECK(same(loaded.tensors["conv1_1.weight"], turned.permute({3, 2, 0, 1}).contiguous()));
  // A network with batch normalisation keeps its names.
  save_safetensors(path, {{"features.0.weight", zeros({8, 3, 3, 3})},
                          {"features.1.weight", zeros({8})},
                          {"features.3.weight", zeros({8, 8, 3, 3})}});
  CHECK(load_weights(path).tensors.contains("features.3.weight"));
}

TEST_CASE("Files that hold no weights are errors that say what they are") {
  const test::TempDir dir;
  const std::string path = dir.file("x");
  save_npy(path, zeros({2}));
  CHECK_THAT(message_of([&] { load_weights(path); }), ContainsSubstring("holds one array"));
  for (const char* text : {"", "x", "hello, this is no file of weights"}) {
    test::write_bytes(path, text);
    CHECK_THAT(message_of([&] { load_weights(path); }),
               ContainsSubstring("is none of safetensors"));
  }
  test::write_bytes(path, "\x89HDF\r\n\x1a\n");
  CHECK_THAT(message_of([&] { load_weights(path); }), ContainsSubstring("HDF5"));
  CHECK_THAT(message_of([&] { load_weights(dir.file("missing")); }),
             ContainsSubstring("missing: cannot open the file: No such file or directory"));
}
