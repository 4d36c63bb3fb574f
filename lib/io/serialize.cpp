#include <fstream>

#include <reel/io/pth.h>
#include <reel/io/safetensors.h>
#include <reel/io/serialize.h>
#include <reel/tensor/check.h>

namespace reel {

void detail::save_state(const StateDict& state, const std::string& path) {
  save_safetensors(path, state);
}

StateDict detail::load_state(const std::string& path) {
  char begin[2] = {};
  std::ifstream(path, std::ios::binary).read(begin, sizeof begin);
  const bool is_zip = begin[0] == 'P' && begin[1] == 'K';
  const bool is_pickle = begin[0] == '\x80' && begin[1] == '\x02';
  return is_zip || is_pickle ? load_pth(path) : load_safetensors(path);
}

void save(const Tensor& tensor, const std::string& path) {
  detail::save_state({{"tensor", tensor}}, path);
}

void save(const std::vector<Tensor>& tensors, const std::string& path) {
  StateDict state;
  for (size_t i = 0; i < tensors.size(); ++i) state.insert(std::to_string(i), tensors[i]);
  detail::save_state(state, path);
}

void load(Tensor& tensor, const std::string& path) {
  const StateDict state = detail::load_state(path);
  if (state.size() != 1) {
    fail("load: {}: expected a file with one tensor, got {}", path, state.size());
  }
  tensor = state.begin()->second;
}

void load(std::vector<Tensor>& tensors, const std::string& path) {
  const StateDict state = detail::load_state(path);
  std::vector<Tensor> loaded;
  for (size_t i = 0; i < state.size(); ++i) {
    const Tensor* tensor = state.find(std::to_string(i));
    if (tensor == nullptr) {
      fail("load: {}: expected a list of {} tensors, there is none named '{}'", path, state.size(),
           i);
    }
    loaded.push_back(*tensor);
  }
  tensors = std::move(loaded);
}

}  // namespace reel
