# The library: every source is compiled once, position independent, and both libraries are made
# from those objects. `reel` is static, `reel_shared` is shared, reel::reel is one of them.

# The include path <reel/...> is the same here as when installed: include/reel is a link to lib.

file(GLOB_RECURSE reel_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/*.cpp)
list(FILTER reel_sources EXCLUDE REGEX "/backends/(cpu/kernels|mlu)/")

# The reference loops are the oracle of the tests and the floor of every fallback: never at -O0.
set(reference_sources ${reel_sources})
list(FILTER reference_sources INCLUDE REGEX "/backends/reference/")
set_source_files_properties(${reference_sources} PROPERTIES COMPILE_OPTIONS "$<IF:$<CONFIG:Debug>,-O1,-O2>;-fwrapv;${reel_cast_flags}")
# Of these there are SIMD kernels for what matters, and a loop for each op and dtype besides: a library
# 280 KB smaller is worth more than their speed.
set(small_sources ${reference_sources})
list(FILTER small_sources INCLUDE REGEX "/(binary|complex|copy|reduce|unary|unary_grad)\\.cpp$")
set_property(SOURCE ${small_sources} APPEND PROPERTY COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-Os>)
# Only the kernels of linear algebra see Eigen. Its functions are inline and laid out by the compiler's
# flags: a program with an Eigen of its own must not share them with us, so ours has another name.
set(eigen_sources ${reference_sources})
list(FILTER eigen_sources INCLUDE REGEX "/eigen_[a-z]+\\.cpp$")
get_target_property(eigen_include_dir Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
set_property(SOURCE ${eigen_sources} APPEND PROPERTY COMPILE_DEFINITIONS Eigen=reel_eigen)
# Its templates take minutes with a sanitizer in each expression, and are not ours to check.
set_property(SOURCE ${eigen_sources} APPEND PROPERTY COMPILE_OPTIONS -isystem ${eigen_include_dir}
             -fno-sanitize=all)
# Random numbers are made by loops that the compiler vectorises only with these: randn is three times
# as fast; no result depends on them.
set_source_files_properties(${PROJECT_SOURCE_DIR}/lib/tensor/box_muller.cpp
                            ${PROJECT_SOURCE_DIR}/lib/tensor/generator.cpp PROPERTIES
                            COMPILE_OPTIONS "-O3;-fno-math-errno;-fno-trapping-math")

add_library(reel_objects OBJECT ${reel_sources})
reel_target_options(reel_objects)
target_compile_options(reel_objects PRIVATE -ffunction-sections -fdata-sections)
target_include_directories(reel_objects PRIVATE ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(reel_objects PRIVATE reel_private_headers ${reel_link_libraries})
set_target_properties(reel_objects PROPERTIES POSITION_INDEPENDENT_CODE ON
                      VISIBILITY_INLINES_HIDDEN ON)

reel_build_kernels(reel_kernel_objects)

add_library(reel STATIC)
add_library(reel_shared SHARED)
set_target_properties(reel PROPERTIES EXPORT_NAME static)
set_target_properties(reel_shared PROPERTIES EXPORT_NAME shared OUTPUT_NAME reel
                      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
target_link_options(reel_shared PRIVATE -Wl,--gc-sections -Wl,--as-needed)

foreach(library reel reel_shared)
  target_sources(${library} PRIVATE $<TARGET_OBJECTS:reel_objects> ${reel_kernel_objects})
  target_compile_features(${library} PUBLIC cxx_std_20)
  target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PRIVATE ${reel_link_libraries})
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
endforeach()
set_source_files_properties(${reel_kernel_objects} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)

add_library(reel::static ALIAS reel)
add_library(reel::shared ALIAS reel_shared)
if(BUILD_SHARED_LIBS)
  add_library(reel::reel ALIAS reel_shared)
else()
  add_library(reel::reel ALIAS reel)
endif()
