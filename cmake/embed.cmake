# Run by reel_embed (ReelEmbed.cmake) with cmake -P: writes the bytes of ${input} as C++ source.
file(SIZE ${input} size)
file(READ ${input} bytes HEX)
string(REPEAT "[0-9a-f]" 48 line)
string(REGEX REPLACE "(${line})" "\\1\"\n    \"" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
file(WRITE ${output} "#include \"${header}\"

const std::string_view ${namespace}::${symbol}(
    \"${bytes}\",
    ${size});
")
