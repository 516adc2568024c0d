# lastgood-preload.so, and its bytes as a source of lastgood_process: there is one file to install.
# It is loaded into strangers' programs, so it gets none of our flags for sanitizers, and libc alone.
add_library(lastgood_preload MODULE ${CMAKE_CURRENT_SOURCE_DIR}/preload/preload.cpp)
set_target_properties(lastgood_preload PROPERTIES PREFIX "" OUTPUT_NAME lastgood-preload)
target_include_directories(lastgood_preload PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(lastgood_preload PRIVATE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wswitch-enum
  -O2 -g0 -fvisibility=hidden -fno-exceptions -fno-rtti -fno-threadsafe-statics
  -fstack-protector-strong)
if(LASTGOOD_WERROR)
  target_compile_options(lastgood_preload PRIVATE -Werror)
endif()
target_link_options(lastgood_preload PRIVATE
  -nodefaultlibs -Wl,-s -Wl,-z,defs -Wl,-z,relro -Wl,-z,now)
target_link_libraries(lastgood_preload PRIVATE c gcc)

set(lastgood_preload_source ${CMAKE_CURRENT_BINARY_DIR}/preload_bytes.cpp)
add_custom_command(
  OUTPUT ${lastgood_preload_source}
  COMMAND ${CMAKE_COMMAND} -D INPUT=$<TARGET_FILE:lastgood_preload>
          -D OUTPUT=${lastgood_preload_source} -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
  DEPENDS lastgood_preload ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
  COMMENT "Embedding lastgood-preload.so"
  VERBATIM)
target_sources(lastgood_process PRIVATE ${lastgood_preload_source})
