#pragma once

#ifdef REEL_WITH_MLU
#include <reel/backends/mlu.h>
#endif

/// Makes the devices that this build has known by their names, for options such as --device.
inline void register_devices() {
#ifdef REEL_WITH_MLU
  reel::register_mlu();
#endif
}
