#pragma once

#include <string>
#include <vector>

#include <reel/io/state.h>

// save and load, as torch::save and torch::load: a tensor, a list of tensors, a module (itself or
// its handle) or an optimizer, to and from a file. What is written is a .safetensors file, which
// every tool for tensors reads; what is read may also be a .pth file of PyTorch.

namespace reel {

namespace detail {
void save_state(const StateDict& state, const std::string& path);
/// The tensors of a file, its format told by its content.
StateDict load_state(const std::string& path);

template <class T>
concept HasState = requires(T& object, const StateDict& state) {
  StateDict(object.state_dict());
  object.load_state_dict(state);
};
/// A handle or a pointer to what has a state.
template <class T>
concept HandleOfState = !HasState<T> && requires(T & handle) {
  requires HasState<decltype(*handle)>;
};
}  // namespace detail

/// Under the name "tensor".
void save(const Tensor& tensor, const std::string& path);
/// Under the names "0", "1", ...
void save(const std::vector<Tensor>& tensors, const std::string& path);
/// By the names of state_dict().
template <detail::HasState T>
void save(const T& object, const std::string& path) {
  detail::save_state(object.state_dict(), path);
}
template <detail::HandleOfState T>
void save(const T& handle, const std::string& path) {
  detail::save_state((*handle).state_dict(), path);
}

/// Assigns the tensor of a file that holds one.
void load(Tensor& tensor, const std::string& path);
/// Replaces the list by the tensors of the file, in its order of names "0", "1", ...
void load(std::vector<Tensor>& tensors, const std::string& path);
/// Fills parameters and buffers, or an optimizer's memory; every name and shape must agree.
template <detail::HasState T>
void load(T& object, const std::string& path) {
  object.load_state_dict(detail::load_state(path));
}
template <detail::HandleOfState T>
void load(T& handle, const std::string& path) {
  (*handle).load_state_dict(detail::load_state(path));
}

}  // namespace reel
