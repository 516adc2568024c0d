# Text files as a source of lastgood_cli, which src/cli/texts.h declares: what `lastgood help` and
# `lastgood completion` print. Included by src/; run by itself (with ROOT and OUTPUT) it writes that
# source.
set(lastgood_texts
  kErrorsText docs/errors.md
  kBashCompletion src/cli/completions/lastgood.bash
  kZshCompletion src/cli/completions/_lastgood
  kFishCompletion src/cli/completions/lastgood.fish)

if(NOT DEFINED OUTPUT)
  set(lastgood_texts_source ${CMAKE_CURRENT_BINARY_DIR}/texts.cpp)
  set(lastgood_texts_files ${lastgood_texts})
  list(FILTER lastgood_texts_files INCLUDE REGEX "/")
  list(TRANSFORM lastgood_texts_files PREPEND ${CMAKE_SOURCE_DIR}/)
  add_custom_command(
    OUTPUT ${lastgood_texts_source}
    COMMAND ${CMAKE_COMMAND} -D ROOT=${CMAKE_SOURCE_DIR} -D OUTPUT=${lastgood_texts_source}
            -P ${CMAKE_SOURCE_DIR}/cmake/Texts.cmake
    DEPENDS ${lastgood_texts_files} ${CMAKE_SOURCE_DIR}/cmake/Texts.cmake
    COMMENT "Embedding texts"
    VERBATIM)
  target_sources(lastgood_cli PRIVATE ${lastgood_texts_source})
  return()
endif()

set(source "#include \"cli/texts.h\"\n\nnamespace lastgood::cli {\n")
while(lastgood_texts)
  list(POP_FRONT lastgood_texts name file)
  file(READ ${ROOT}/${file} bytes HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND source "const char ${name}[] = {${bytes}'\\0'};\n")
endwhile()
file(WRITE ${OUTPUT} "${source}}  // namespace lastgood::cli\n")
