# cmake --install: public headers, both libraries, the CMake package and pkg-config's file.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/reel)

# A backend's folder is its own affair; internal headers say so in their first lines.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/lib
     ${PROJECT_SOURCE_DIR}/lib/*.h ${PROJECT_SOURCE_DIR}/lib/*.def)
list(FILTER headers EXCLUDE REGEX "^backends/[^/]+/")
foreach(header IN LISTS headers)
  file(STRINGS ${PROJECT_SOURCE_DIR}/lib/${header} internal REGEX "^// Internal")
  if(NOT internal)
    cmake_path(GET header PARENT_PATH folder)
    install(FILES ${PROJECT_SOURCE_DIR}/lib/${header}
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/reel/${folder})
  endif()
endforeach()

foreach(kind IN ITEMS static shared)
  set(target reel)
  if(kind STREQUAL "shared")
    set(target reel_shared)
  endif()
  install(TARGETS ${target} EXPORT reel_${kind}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT reel_${kind} NAMESPACE reel:: FILE reel_${kind}.cmake
          DESTINATION ${package_dir})
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/reelConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/reelConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/reelConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/reelConfig.cmake ${PROJECT_BINARY_DIR}/reelConfigVersion.cmake
        DESTINATION ${package_dir})

configure_file(${PROJECT_SOURCE_DIR}/cmake/reel.pc.in ${PROJECT_BINARY_DIR}/reel.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/reel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
