# The MLU simulator: reel_mlu is the card, mlucc compiles BANG C for it. Nothing of either is part of
# libreel.
include(${CMAKE_CURRENT_LIST_DIR}/ReelMluKernel.cmake)
set(mlu_dir ${PROJECT_SOURCE_DIR}/lib/backends/mlu)
set(bang_include_dir ${mlu_dir}/bang/include)
set(installed_bang_include_dir ${CMAKE_INSTALL_INCLUDEDIR}/reel_mlu)

# Kernels are compiled by GCC where there is one, whatever compiles reel: only its
# -fnon-call-exceptions lets a failed check leave a kernel from a plain load.
find_program(REEL_MLUCC_CXX g++ DOC "The host compiler of mlucc")
set(mlucc_cxx ${REEL_MLUCC_CXX})
if(NOT mlucc_cxx)
  set(mlucc_cxx ${CMAKE_CXX_COMPILER})
endif()
file(RELATIVE_PATH include_from_mlucc ${CMAKE_INSTALL_FULL_BINDIR}
     ${CMAKE_INSTALL_FULL_INCLUDEDIR}/reel_mlu)
file(RELATIVE_PATH library_from_mlucc ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})

# All but main() is a library, so that the tests can use it too.
file(GLOB mlucc_sources CONFIGURE_DEPENDS ${mlu_dir}/bang/mlucc/*.cpp)
list(REMOVE_ITEM mlucc_sources ${mlu_dir}/bang/mlucc/main.cpp)
add_library(mlucc_parts STATIC ${mlucc_sources})
reel_target_options(mlucc_parts)
target_include_directories(mlucc_parts PUBLIC ${mlu_dir}/bang)
target_compile_definitions(
  mlucc_parts PRIVATE MLUCC_VERSION="${PROJECT_VERSION}" MLUCC_DEFAULT_CXX="${mlucc_cxx}"
                      MLUCC_INCLUDE_FROM_PROGRAM="${include_from_mlucc}"
                      MLUCC_LIBRARY_FROM_PROGRAM="${library_from_mlucc}"
                      MLUCC_BUILT_INCLUDE="${bang_include_dir}"
                      MLUCC_BUILT_LIBRARY="$<TARGET_FILE_DIR:reel_mlu_shared>")
add_executable(mlucc ${mlu_dir}/bang/mlucc/main.cpp)
add_executable(reel::mlucc ALIAS mlucc)
reel_target_options(mlucc)
target_link_libraries(mlucc PRIVATE mlucc_parts)

# The card and the backend, in both kinds as reel itself: reel_mlu goes with the static library,
# reel_mlu_shared, which mlucc links, with the shared one.
file(GLOB mlu_sources CONFIGURE_DEPENDS ${mlu_dir}/*.cpp ${mlu_dir}/runtime/*.cpp
     ${mlu_dir}/kernels/*.cpp)
file(GLOB mlu_kernels CONFIGURE_DEPENDS ${mlu_dir}/kernels/*.mlu)
# Optimised in every build type, as all kernels.
set(mlu_kernel_options -O2 -std=c++20 -I${PROJECT_SOURCE_DIR}/include)
# The hooks of scalar accesses have the names of ThreadSanitizer's runtime, which has them itself.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
  list(FILTER mlu_sources EXCLUDE REGEX "/scalar\\.cpp$")
  list(APPEND mlu_kernel_options --sanitize=off)
endif()
find_package(Threads REQUIRED)
add_library(reel_mlu_objects OBJECT ${mlu_sources})
reel_target_options(reel_mlu_objects)
# What the sanitizer knows of each byte is looked through in loops.
target_compile_options(reel_mlu_objects PRIVATE -O3)
target_include_directories(reel_mlu_objects PRIVATE ${bang_include_dir} ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(reel_mlu_objects PRIVATE reel_private_headers ${reel_link_libraries})
set_target_properties(reel_mlu_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
set(mlu_objects $<TARGET_OBJECTS:reel_mlu_objects>)
foreach(kernel IN LISTS mlu_kernels)
  reel_mlu_object(object reel_mlu ${kernel} ${mlu_kernel_options})
  list(APPEND mlu_objects ${object})
endforeach()

add_library(reel_mlu STATIC ${mlu_objects})
add_library(reel_mlu_shared SHARED ${mlu_objects})
target_link_libraries(reel_mlu PUBLIC reel)
target_link_libraries(reel_mlu_shared PUBLIC reel_shared PRIVATE ${reel_link_libraries})
set_target_properties(reel_mlu PROPERTIES EXPORT_NAME mlu)
set_target_properties(reel_mlu_shared PROPERTIES EXPORT_NAME mlu_shared OUTPUT_NAME reel_mlu
                      INSTALL_RPATH "$ORIGIN")
foreach(library reel_mlu reel_mlu_shared)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${bang_include_dir}>
                             $<INSTALL_INTERFACE:${installed_bang_include_dir}>)
  target_link_libraries(${library} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
endforeach()
if(BUILD_SHARED_LIBS)
  add_library(reel::mlu ALIAS reel_mlu_shared)
else()
  add_library(reel::mlu ALIAS reel_mlu)
endif()

if(REEL_INSTALL)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/reel)
  # Each kind is part of the export of reel's own, whose targets it links.
  install(TARGETS reel_mlu EXPORT reel_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS reel_mlu_shared EXPORT reel_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS mlucc EXPORT reel_mlucc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(EXPORT reel_mlucc NAMESPACE reel:: DESTINATION ${package_dir})
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/ReelMluKernel.cmake DESTINATION ${package_dir})
  install(DIRECTORY ${bang_include_dir}/ DESTINATION ${installed_bang_include_dir})
endif()
