# reel_embed(TARGET FILE NAMESPACE SYMBOL HEADER): compiles FILE into TARGET as
# `const std::string_view NAMESPACE::SYMBOL`, which HEADER declares. The file stays what it is, and
# is embedded again when it changes.
function(reel_embed target file namespace symbol header)
  cmake_path(ABSOLUTE_PATH file)
  cmake_path(GET file FILENAME name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -D input=${file} -D output=${source} -D namespace=${namespace}
            -D symbol=${symbol} -D header=${header} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
