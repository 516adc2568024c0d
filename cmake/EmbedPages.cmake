# Writes the files of the folder INPUT as the source OUTPUT, which src/control/pages.h declares: each
# as it is and by gzip, with a tag of its content.
file(GLOB_RECURSE files RELATIVE ${INPUT} ${INPUT}/*)
list(SORT files)
set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_svg "image/svg+xml")
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  string(REGEX MATCH "[a-z]+$" ending ${file})
  execute_process(COMMAND ${GZIP} -9nc ${INPUT}/${file} OUTPUT_FILE ${OUTPUT}.gz
                  COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${INPUT}/${file} hash)
  string(SUBSTRING ${hash} 0 16 tag)
  foreach(kind plain gzipped)
    set(from ${INPUT}/${file})
    if(kind STREQUAL gzipped)
      set(from ${OUTPUT}.gz)
    endif()
    file(READ ${from} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "constexpr unsigned char ${kind}${number}[] = {${bytes}};\n")
  endforeach()
  set(path /${file})
  if(file STREQUAL index.html)
    set(path /)
  endif()
  string(APPEND rows "    {\"${path}\", \"${types_${ending}}\", \"\\\"${tag}\\\"\", "
                     "text(plain${number}), text(gzipped${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE ${OUTPUT}.gz)
file(WRITE ${OUTPUT} "#include \"control/pages.h\"\n
namespace lastgood::control {
namespace {
${arrays}
template <std::size_t count>
std::string_view text(const unsigned char (&bytes)[count]) {
    return {reinterpret_cast<const char*>(bytes), count};
}
}  // namespace
const Page kPages[] = {
${rows}};
const std::size_t kPagesCount = ${number};
}  // namespace lastgood::control
")
