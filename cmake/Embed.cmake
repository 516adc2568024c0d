# Writes the bytes of the file INPUT as the source OUTPUT, which src/process/preload_bytes.h declares.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"process/preload_bytes.h\"\n
namespace lastgood::process {
const unsigned char kPreloadBytes[] = {${bytes}};
const std::size_t kPreloadBytesCount = sizeof kPreloadBytes;
}  // namespace lastgood::process
")
