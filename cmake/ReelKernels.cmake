# The SIMD kernels: lib/backends/cpu/kernels/*.cpp, compiled once for each instruction set and
# merged into one object a set that exports its registration function and nothing else.
#
# Why merged: an inline function of a header (std::max, an xsimd operation, ...) that is compiled
# with AVX-512 is a weak symbol like any other copy of it, and the linker may choose that copy for
# the whole program, which then dies on a CPU without AVX-512. `ld -r --force-group-allocation`
# dissolves the COMDAT groups through which the linker would choose, and objcopy makes every symbol
# local except the registration function. test/symbols reads the result.
#
# What follows for kernel sources: a static or inline variable of a header exists once in each
# merged object, so process-wide state is reached through functions of the library.

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(REEL_KERNEL_ISAS baseline avx2 avx512)
else()
  set(REEL_KERNEL_ISAS neon)
endif()
set(reel_isa_flags_baseline "")
set(reel_isa_flags_neon "")
set(reel_isa_flags_avx2 -mavx2 -mfma -mf16c -mtune=haswell)
set(reel_isa_flags_avx512
    -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl -mavx2 -mfma -mf16c
    -mtune=skylake-avx512 -mprefer-vector-width=512)

# -O3 in every build type, Debug included: SIMD code at -O0 is 40 to 170 times slower.
# Integers wrap around, as tensors of them do.
set(reel_kernel_flags -O3 -fwrapv -fno-math-errno -fno-trapping-math -ffp-contract=fast)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of its own _mm512_undefined_epi32 (GCC bug 105593).
  list(APPEND reel_kernel_flags -fno-gnu-unique -Wno-maybe-uninitialized)
endif()
# A float that does not fit an integer gives what the CPU gives, in casts of tensors and inside of
# xsimd's functions: nothing for the sanitizer.
set(reel_cast_flags "")
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set(reel_cast_flags -fno-sanitize=float-cast-overflow)
  list(APPEND reel_kernel_flags ${reel_cast_flags})
endif()

# Those of the compiler, which in a cross build are the target's.
foreach(tool ld.bfd objcopy)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-prog-name=${tool}
                  OUTPUT_VARIABLE reel_${tool} OUTPUT_STRIP_TRAILING_WHITESPACE)
endforeach()
find_program(REEL_LD NAMES ${reel_ld.bfd} ld.bfd ld REQUIRED)
find_program(REEL_OBJCOPY NAMES ${reel_objcopy} objcopy REQUIRED)

set(REEL_SMALL_KERNELS
    conv.cpp conv_dilated.cpp conv_few_channels.cpp conv_grouped.cpp conv_implicit.cpp conv_lines.cpp
    conv_weight_grad.cpp conv_windows_in_place.cpp conv_windows_packed.cpp conv_winograd.cpp
    elementwise_unary_grad.cpp fixed.cpp gemm.cpp gemm_gram.cpp gemm_int8.cpp gemm_low.cpp
    gemm_micro.cpp in_parts.cpp index.cpp line_filter.cpp norm.cpp pool.cpp
    pool_planes.cpp reduce.cpp reduce_arg.cpp softmax.cpp)

# Sets `result` to the merged objects, ready to be sources of a library.
function(reel_build_kernels result)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/backends/cpu/kernels/*.cpp)
  # Their inner loops are vectors written out, micro-kernels and what -O2 with -O3's cost model makes
  # vectors of; the rest of -O3 makes them 1.6 times as large and no faster. (GCC warns of what its
  # intrinsics leave undefined.)
  list(TRANSFORM REEL_SMALL_KERNELS PREPEND ${PROJECT_SOURCE_DIR}/lib/backends/cpu/kernels/)
  set_source_files_properties(${REEL_SMALL_KERNELS} PROPERTIES
    COMPILE_OPTIONS
    "-O2;$<$<CXX_COMPILER_ID:GNU>:-fvect-cost-model=dynamic>;$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>")
  set(merged_objects "")
  if(sources)
    foreach(isa IN LISTS REEL_KERNEL_ISAS)
      set(objects reel_kernels_${isa})
      add_library(${objects} OBJECT ${sources})
      reel_target_options(${objects})
      target_compile_options(${objects} PRIVATE ${reel_kernel_flags} ${reel_isa_flags_${isa}})
      target_compile_definitions(${objects} PRIVATE REEL_ISA=${isa})
      target_include_directories(${objects} PRIVATE ${PROJECT_SOURCE_DIR}/include)
      target_link_libraries(${objects} PRIVATE reel_private_headers)
      set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON
                            CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
                            INTERPROCEDURAL_OPTIMIZATION OFF)

      set(merged ${PROJECT_BINARY_DIR}/kernels/${isa}.o)
      add_custom_command(
        OUTPUT ${merged}
        COMMAND ${REEL_LD} -r --force-group-allocation -o ${merged} $<TARGET_OBJECTS:${objects}>
        COMMAND ${REEL_OBJCOPY} --keep-global-symbol=reel_cpu_register_${isa} ${merged}
        DEPENDS $<TARGET_OBJECTS:${objects}>
        COMMENT "Merging the ${isa} kernels"
        COMMAND_EXPAND_LISTS VERBATIM)
      list(APPEND merged_objects ${merged})
    endforeach()
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/kernels)
  endif()
  set(${result} ${merged_objects} PARENT_SCOPE)
endfunction()
