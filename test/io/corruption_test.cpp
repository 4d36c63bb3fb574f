#include <algorithm>
#include <random>
#include <zlib.h>

#include <reel/io/image.h>
#include <reel/io/mat.h>
#include <reel/io/npy.h>
#include <reel/io/pth.h>
#include <reel/io/safetensors.h>
#include <reel/io/weights.h>
#include <reel/tensor/ops.h>

#include "io/bytes.h"
#include "support/catch.h"
#include "support/files.h"

// Whatever happens to a file, a reader gives tensors or throws reel::Error. What is worse than
// either (a crash, a read outside the file, undefined behaviour) is found when these tests run in
// the sanitizer build.

using namespace reel;
using reel::test::data_file;
using reel::test::read_bytes;
using reel::test::test_file;

namespace {

using Load = void (*)(const std::string& path);

/// Reads every byte that was loaded, so that a tensor reaching outside its storage shows.
void touch(const Tensor& tensor) {
  const Tensor copy = tensor.clone(MemoryFormat::Contiguous);
  volatile uint8_t sum = 0;
  const auto* bytes = static_cast<const uint8_t*>(copy.data_ptr());
  for (size_t i = 0; i < copy.nbytes(); ++i) sum = static_cast<uint8_t>(sum + bytes[i]);
}

template <class Tensors>
void touch_all(const Tensors& tensors) {
  for (const auto& [name, tensor] : tensors) touch(tensor);
}

struct Sample {
  std::string bytes;
  Load load;
  /// Cutting the end off may leave a valid file (MATLAB files have no end mark).
  bool may_be_cut = false;
};

void load_image_file(const std::string& path) { touch(load_image(path)); }
void load_npy_file(const std::string& path) { touch(load_npy(path)); }
void load_npy_dict_file(const std::string& path) { touch_all(load_npy_dict(path)); }
void load_npz_file(const std::string& path) { touch_all(load_npz(path)); }
void load_pth_file(const std::string& path) { touch_all(load_pth(path)); }
void load_safetensors_file(const std::string& path) {
  Metadata metadata;
  touch_all(load_safetensors(path, &metadata));
}
void load_mat_file(const std::string& path) { touch_all(load_mat(path)); }
void load_weights_file(const std::string& path) { touch_all(load_weights(path).tensors); }

std::vector<Sample> small_samples() {
  std::vector<Sample> samples;
  const auto fixture = [&](const char* name, Load load) {
    samples.push_back({read_bytes(test_file(std::string("io/fixtures/") + name)), load});
  };
  fixture("rgba.png", load_image_file);
  fixture("palette.png", load_image_file);
  fixture("orientation6.jpg", load_image_file);
  fixture("dict_py3.npy", load_npy_dict_file);
  fixture("arrays.npz", load_npz_file);
  fixture("checkpoint.pth", load_pth_file);
  fixture("checkpoint_legacy.pth", load_pth_file);

  const test::TempDir dir;
  const StateDict tensors = {{"conv1_1.weight", arange(54, kFloat).reshape({2, 3, 3, 3})},
                             {"conv1_1.bias", zeros({2}, kHalf)},
                             {"flags", ones({3}, kBool)}};
  save_safetensors(dir.file("t"), tensors, {{"input", "BGR, 0..255"}});
  samples.push_back({read_bytes(dir.file("t")), load_safetensors_file});
  samples.push_back({read_bytes(dir.file("t")), load_weights_file});
  save_npy(dir.file("t"), arange(24, kShort).reshape({2, 3, 4}));
  samples.push_back({read_bytes(dir.file("t")), load_npy_file});
  save_npz(dir.file("t"), tensors, true);
  samples.push_back({read_bytes(dir.file("t")), load_weights_file});
  return samples;
}

/// True if the reader threw reel::Error with the file's name; any other exception fails the test.
bool throws(const Sample& sample, const std::string& path, const std::string& bytes) {
  test::write_bytes(path, bytes);
  try {
    sample.load(path);
    return false;
  } catch (const Error& error) {
    CHECK_THAT(error.what(), Catch::Matchers::ContainsSubstring(path));
    return true;
  }
}

void check_truncations(const Sample& sample, const std::string& path, size_t most) {
  const size_t size = sample.bytes.size();
  const size_t step = std::max<size_t>(size / most, 1);
  for (size_t length = 0; length < size; length += step) {
    INFO("cut to " << length << " of " << size << " bytes");
    const bool threw = throws(sample, path, sample.bytes.substr(0, length));
    CHECK((threw || sample.may_be_cut));
  }
}

/// Damage below the checksums: they are made to fit again.
std::string with_png_checksums(std::string bytes) {
  if (bytes[1] != 'P') return bytes;
  const auto at = [&](size_t i) { return reinterpret_cast<Bytef*>(bytes.data() + i); };
  for (size_t chunk = 8; chunk + 12 <= bytes.size();) {
    const size_t length = size_t{at(chunk)[0]} << 24 | size_t{at(chunk)[1]} << 16 |
                          size_t{at(chunk)[2]} << 8 | at(chunk)[3];
    if (length > bytes.size() - chunk - 12) break;
    const uLong crc = crc32(0, at(chunk + 4), static_cast<uInt>(length + 4));
    for (int i = 0; i < 4; ++i) {
      at(chunk + 8 + length)[i] = static_cast<Bytef>(crc >> (24 - 8 * i));
    }
    chunk += length + 12;
  }
  return bytes;
}

void check_flips(const Sample& sample, const std::string& path, int rounds) {
  std::mt19937 random(1);
  constexpr unsigned char kTelling[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = sample.bytes;
    for (unsigned k = random() % 4; k < 4; ++k) {
      char& byte = bytes[random() % bytes.size()];
      const unsigned choice = random() % 8;
      byte = static_cast<char>(choice < 6 ? kTelling[choice] : random() % 256);
    }
    throws(sample, path, sample.load == load_image_file ? with_png_checksums(bytes) : bytes);
  }
}

}  // namespace

TEST_CASE("Small files, truncated at every place and damaged at random") {
  const test::TempDir dir;
  const std::string path = dir.file("damaged");
  for (const Sample& sample : small_samples()) {
    REQUIRE_FALSE(throws(sample, path, sample.bytes));
    check_truncations(sample, path, 1000);
    check_flips(sample, path, 1500);
  }
}

TEST_CASE("Real files, truncated and damaged") {
  struct Case {
    const char* file;
    Load load;
    bool may_be_cut;
  };
  const Case cases[] = {
      {"formats/vgg19_5layers.safetensors", load_weights_file, false},
      {"formats/vgg19_5layers.npz", load_weights_file, false},
      {"formats/vgg19_5layers_deflated.npz", load_weights_file, false},
      {"formats/vgg19_5layers.npy", load_weights_file, false},
      {"formats/vgg19_5layers.pth", load_weights_file, false},
      {"formats/vgg19_5layers_legacy.pth", load_weights_file, false},
      {"formats/imagenet-vgg-verydeep-19-5layers.mat", load_mat_file, true},
      {"formats/conv1_1_weight_fortran.npy", load_npy_file, false},
      {"images/content/china.jpg", load_image_file, false},
  };
  const test::TempDir dir;
  const std::string path = dir.file("damaged");
  for (const Case& one : cases) {
    const auto source = data_file(one.file);
    if (source.empty()) continue;
    INFO(one.file);
    const Sample sample = {read_bytes(source), one.load, one.may_be_cut};
    check_truncations(sample, path, 20);
    check_flips(sample, path, 20);
  }
}
