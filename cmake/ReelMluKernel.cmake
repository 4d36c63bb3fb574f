# reel_add_mlu_kernel(<name> [SHARED | STATIC | OBJECT] <file.mlu>... [INCLUDE <folder>...]
#                     [OPTIONS <option of mlucc>...])
#
# A library of kernels in BANG C. A C++ program links it like any other, and gets the simulator with
# it:
#
#   reel_add_mlu_kernel(my_kernels add.mlu matmul.mlu OPTIONS --bang-mlu-arch=mtp_372)
#   target_link_libraries(my_program PRIVATE my_kernels)
#
# Needs the targets reel::mlucc and reel::mlu: of reel's own build, or of its package.

# The object of one source, by a rule that knows what the source includes.
function(reel_mlu_object result name source)
  cmake_path(ABSOLUTE_PATH source)
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE place)
  string(REPLACE "../" "__/" place ${place})
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.mlu/${place}.o)
  cmake_path(GET object PARENT_PATH folder)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${object}
    COMMAND reel::mlucc -c -fPIC $<$<CONFIG:Debug,RelWithDebInfo>:-g>
            $<$<CONFIG:RelWithDebInfo>:-O2> ${ARGN} -MD -MF ${object}.d -MT ${object} ${source} -o
            ${object}
    DEPENDS ${source} reel::mlucc
    DEPFILE ${object}.d
    COMMENT "Building BANG C object ${place}.o"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  set(${result} ${object} PARENT_SCOPE)
endfunction()

function(reel_add_mlu_kernel name)
  cmake_parse_arguments(PARSE_ARGV 1 mlu "SHARED;STATIC;OBJECT" "" "INCLUDE;OPTIONS")
  if(NOT mlu_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "reel_add_mlu_kernel(${name}): no source is given")
  endif()
  set(kind STATIC)
  foreach(choice IN ITEMS SHARED OBJECT)
    if(mlu_${choice})
      set(kind ${choice})
    endif()
  endforeach()
  set(options ${mlu_OPTIONS})
  foreach(folder IN LISTS mlu_INCLUDE)
    cmake_path(ABSOLUTE_PATH folder)
    list(APPEND options -I${folder})
  endforeach()
  set(objects "")
  foreach(source IN LISTS mlu_UNPARSED_ARGUMENTS)
    reel_mlu_object(object ${name} ${source} ${options})
    list(APPEND objects ${object})
  endforeach()
  add_library(${name} ${kind} ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PUBLIC reel::mlu)
  if(kind STREQUAL "OBJECT")  # objects that CMake did not compile do not follow their library
    target_link_libraries(${name} INTERFACE ${objects})
  endif()
endfunction()
