# What the distribution provides; CONTRIBUTING.md says why each is there.
find_package(Threads REQUIRED)
find_package(xsimd REQUIRED)
if(xsimd_VERSION VERSION_LESS 8.1)  # xsimd's own check takes 12 for incompatible with 8.1
  message(FATAL_ERROR "reel needs xsimd 8.1 or later, found ${xsimd_VERSION}")
endif()
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_path(REEL_STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)

# Headers that only our own sources see. SYSTEM keeps their warnings out of our builds.
add_library(reel_private_headers INTERFACE)
target_link_libraries(reel_private_headers INTERFACE nlohmann_json::nlohmann_json)
get_target_property(xsimd_include_dir xsimd INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(reel_private_headers SYSTEM
                           INTERFACE ${REEL_STB_INCLUDE_DIR} ${xsimd_include_dir})

# Libraries that a program using the static library must link as well.
set(reel_link_libraries fmt::fmt ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS})
