#include <charconv>

#include <reel/backends/registry.h>
#include <reel/tensor/check.h>
#include <reel/tensor/device.h>

namespace reel {

Device::Device(const std::string& name) : type_(kCPU), index_(-1) {
  if (name.empty()) fail("Device: device string must not be empty");
  const size_t colon = name.find(':');
  if (colon != std::string::npos) {
    const char* end = name.data() + name.size();
    const char* digits = name.data() + colon + 1;
    const auto [rest, error] = std::from_chars(digits, end, index_);
    const bool leading_zero = end - digits > 1 && *digits == '0';
    if (error != std::errc() || rest != end || index_ < 0 || leading_zero) {
      fail("Device: expected a name such as \"cpu\" or \"mlu:0\" with a number up to 127, got '{}'",
           name);
    }
  }
  type_ = backends::type_of(name.substr(0, colon));
}

std::string Device::str() const {
  const char* name = backends::name_of(type_);
  return index_ < 0 ? name : fmt::format("{}:{}", name, index_);
}

}  // namespace reel
