#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <reel/io/bytes.h>
#include <reel/io/mat.h>
#include <reel/io/npy.h>
#include <reel/io/pth.h>
#include <reel/io/weights.h>

namespace reel {

Preprocessing Preprocessing::caffe() {
  return {Channels::kBGR, 1, {103.939, 116.779, 123.68}, {1, 1, 1}};
}

Preprocessing Preprocessing::torchvision() {
  return {Channels::kRGB, 1.0 / 255, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
}

namespace {

/// Reads the words of Preprocessing's text one after the other.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}
  bool accept(std::string_view word) {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool three(double (&out)[3]) {
    for (int i = 0; i < 3; ++i) {
      if (i > 0 && !accept(",")) return false;
      accept("");
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), out[i]);
      if (error != std::errc()) return false;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    }
    return true;
  }
  bool at_end() { return accept("") && text_.empty(); }

 private:
  std::string_view text_;
};

}  // namespace

std::optional<Preprocessing> Preprocessing::parse(std::string_view text) {
  Words words(text);
  Preprocessing p;
  if (words.accept("BGR")) {
    p.channels = Channels::kBGR;
  } else if (!words.accept("RGB")) {
    return std::nullopt;
  }
  if (!words.accept(",") || !words.accept("0..")) return std::nullopt;
  if (words.accept("255")) {
    p.scale = 1;
  } else if (words.accept("1")) {
    p.scale = 1.0 / 255;
  } else {
    return std::nullopt;
  }
  if (words.at_end()) return p;
  if (!words.accept(",") || !words.accept("minus") || !words.three(p.mean)) return std::nullopt;
  if (words.at_end()) return p;
  if (!words.accept(",") || !words.accept("over") || !words.three(p.std)) return std::nullopt;
  for (const double deviation : p.std) {
    if (!(deviation > 0)) return std::nullopt;
  }
  return words.at_end() ? std::optional(p) : std::nullopt;
}

std::string Preprocessing::str() const {
  std::string text =
      fmt::format("{}, 0..{}, minus {},{},{}", channels == Channels::kBGR ? "BGR" : "RGB",
                  scale == 1 ? 255 : 1, mean[0], mean[1], mean[2]);
  if (std[0] != 1 || std[1] != 1 || std[2] != 1) {
    text += fmt::format(", over {},{},{}", std[0], std[1], std[2]);
  }
  return text;
}

namespace io {
namespace {

using Named = std::vector<StateDict::Item>;

void replace_suffix(std::string& name, std::string_view from, std::string_view to) {
  if (name.ends_with(from)) name.replace(name.size() - from.size(), from.size(), to);
}

/// "features.12.weight" at the end of a name, with any prefix: 12. Otherwise -1.
int feature_index(const std::string& name) {
  const size_t at = name.rfind("features.");
  if (at == name.npos || (at > 0 && name[at - 1] != '.')) return -1;
  const char* begin = name.data() + at + 9;
  const char* last = name.data() + name.size();
  int index = -1;
  const auto [end, error] = std::from_chars(begin, last, index);
  const std::string_view rest(end, static_cast<size_t>(last - end));
  if (error != std::errc() || index > 1000 || (rest != ".weight" && rest != ".bias")) return -1;
  return index;
}

/// Rule 1 for torchvision: layers of a block are 2 apart (convolution, ReLU), 3 where a pooling
/// layer lies between. Any other distance is not a plain VGG, whose names then stay.
void rename_torchvision(Named& items) {
  std::vector<int> convolutions;
  for (const auto& [name, tensor] : items) {
    const int index = feature_index(name);
    if (index >= 0 && name.ends_with(".weight")) convolutions.push_back(index);
  }
  std::sort(convolutions.begin(), convolutions.end());
  if (convolutions.empty() || convolutions[0] != 0) return;
  std::vector<std::string> names(static_cast<size_t>(convolutions.back()) + 1);
  int block = 1, in_block = 0;
  for (size_t i = 0; i < convolutions.size(); ++i) {
    const int distance = i == 0 ? 2 : convolutions[i] - convolutions[i - 1];
    if (distance != 2 && distance != 3) return;
    if (distance == 3) {
      ++block;
      in_block = 0;
    }
    names[static_cast<size_t>(convolutions[i])] = fmt::format("conv{}_{}", block, ++in_block);
  }
  for (auto& [name, tensor] : items) {
    const int index = feature_index(name);
    if (index < 0 || static_cast<size_t>(index) >= names.size()) continue;
    const std::string& own = names[static_cast<size_t>(index)];
    if (own.empty()) continue;
    const char* role = name.ends_with(".weight") ? ".weight" : ".bias";
    name = own;
    name += role;
  }
}

const Tensor* find(const Named& items, std::string_view name) {
  for (const auto& item : items) {
    if (item.first == name) return &item.second;
  }
  return nullptr;
}

/// Rule 2.
void turn_to_oihw(Named& items) {
  for (auto& [name, tensor] : items) {
    if (!name.ends_with(".weight") || tensor.dim() != 4) continue;
    const Tensor* bias = find(items, name.substr(0, name.size() - 6) + "bias");
    if (bias == nullptr) continue;
    const int64_t outputs = bias->numel();
    if (tensor.size(3) == outputs && tensor.size(0) != outputs) {
      tensor = tensor.permute({3, 2, 0, 1}).contiguous();
    }
  }
}

/// A published network, known by the corner of its first filter in its own channel order.
struct KnownNetwork {
  float corner[3];
  Preprocessing preprocessing;
};

const KnownNetwork* known_network(const Tensor& first, bool* reversed) {
  // Caffe's VGG-19 and torchvision's. float16 rounds these values by at most 2.5e-4.
  static const KnownNetwork kKnown[] = {
      {{0.341195f, 0.464184f, 0.394167f}, Preprocessing::caffe()},
      {{-0.053474f, 0.017015f, -0.044885f}, Preprocessing::torchvision()},
  };
  constexpr float kTolerance = 2.5e-4f;
  const auto at = first.accessor<float, 4>();
  for (const KnownNetwork& network : kKnown) {
    for (const bool flipped : {false, true}) {
      bool same = true;
      for (int64_t c = 0; c < 3; ++c) {
        same = same && std::abs(at[0][flipped ? 2 - c : c][0][0] - network.corner[c]) < kTolerance;
      }
      if (same) {
        *reversed = flipped;
        return &network;
      }
    }
  }
  return nullptr;
}

/// Rules 3 and 4.
void find_preprocessing(Named& items, const std::vector<double>& average_image, Weights& weights) {
  if (const auto input = weights.metadata.find("input"); input != weights.metadata.end()) {
    weights.preprocessing = Preprocessing::parse(input->second);
    if (weights.preprocessing) return;
  }
  const auto first = std::find_if(items.begin(), items.end(), [](const auto& item) {
    return item.first == "conv1_1.weight" && item.second.dtype() == kFloat &&
           item.second.dim() == 4 && item.second.numel() > 0 && item.second.size(1) == 3;
  });
  if (first == items.end()) return;
  bool reversed = false;
  if (const KnownNetwork* network = known_network(first->second, &reversed)) {
    weights.preprocessing = network->preprocessing;
  } else if (weights.format == "mat") {
    weights.preprocessing = Preprocessing::caffe();
    reversed = true;
  } else if (weights.format == "npy" || weights.format == "npz") {
    weights.preprocessing = Preprocessing::caffe();
  }
  if (weights.format == "mat" && average_image.size() == 3) {
    std::copy(average_image.rbegin(), average_image.rend(), weights.preprocessing->mean);
  }
  if (reversed) first->second = first->second.flip({1}).contiguous();
}

bool is_numpy_dict(const std::string& path) {
  const auto file = MappedFile::open("load_weights", path);
  ByteReader in(file->bytes(), file->where());
  const size_t head = std::min<size_t>(in.remaining(), 256);
  return in.text(head, "header").find("'|O'") != std::string_view::npos;
}

/// The format that the first bytes show.
std::string sniff(const std::string& path) {
  const auto file = MappedFile::open("load_weights", path);
  const Bytes bytes = file->bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  uint64_t length = UINT64_MAX;
  if (bytes.size() > 8) std::memcpy(&length, bytes.data(), sizeof(length));
  if (length < bytes.size() && bytes[8] == '{') return "safetensors";
  if (text.starts_with("\x93NUMPY")) return "npy";
  if (text.starts_with("PK\3\4") || text.starts_with("PK\5\6")) {
    // Both PyTorch's and numpy's files are archives; only the former hold a data.pkl.
    const size_t directory = text.size() - std::min<size_t>(text.size(), size_t{1} << 20);
    return text.find("data.pkl", directory) != text.npos ||
                   text.substr(0, 4096).find("data.pkl") != text.npos
               ? "pth"
               : "npz";
  }
  if (text.starts_with("\x80\x02")) return "pth";
  if (text.size() >= 128 && (text.substr(126, 2) == "IM" || text.substr(126, 2) == "MI")) {
    return "mat";
  }
  if (text.starts_with("\x89HDF\r\n\x1a\n")) {
    fail("{}: is an HDF5 file, which cannot be read; save it as .npz or safetensors",
         file->where());
  }
  fail(
      "{}: is none of safetensors, npy, npz, PyTorch .pth and MATLAB .mat (its {} bytes begin "
      "with {:02x})",
      file->where(), bytes.size(), fmt::join(bytes.first(std::min<size_t>(bytes.size(), 8)), " "));
}

}  // namespace
}  // namespace io

Weights load_weights(const std::string& path) {
  Weights weights;
  weights.format = io::sniff(path);
  std::vector<double> average_image;
  StateDict loaded;
  if (weights.format == "safetensors") {
    loaded = load_safetensors(path, &weights.metadata);
  } else if (weights.format == "npz") {
    loaded = load_npz(path);
  } else if (weights.format == "pth") {
    loaded = load_pth(path);
  } else if (weights.format == "mat") {
    MatConvNet net = load_matconvnet(path);
    loaded = std::move(net.tensors);
    average_image = std::move(net.average_image);
  } else if (io::is_numpy_dict(path)) {
    loaded = load_npy_dict(path);
  } else {
    fail("load_weights: {}: holds one array, not the weights of a network", path);
  }

  io::Named items(loaded.begin(), loaded.end());
  for (auto& [name, tensor] : items) {
    if (weights.format == "npy") {
      io::replace_suffix(name, ".0", ".weight");
      io::replace_suffix(name, ".1", ".bias");
    }
    for (const auto& suffix : {"_W", ".weights"}) io::replace_suffix(name, suffix, ".weight");
    for (const auto& suffix : {"_b", ".biases"}) io::replace_suffix(name, suffix, ".bias");
    if (tensor.is_floating_point()) tensor = tensor.to(kFloat);
  }
  io::rename_torchvision(items);
  io::turn_to_oihw(items);
  io::find_preprocessing(items, average_image, weights);
  for (auto& [name, tensor] : items) {
    io::insert_tensor("load_weights: " + path, weights.tensors, name, tensor);
  }
  return weights;
}

}  // namespace reel
