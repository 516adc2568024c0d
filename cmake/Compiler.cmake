set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

set(LASTGOOD_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")
option(LASTGOOD_WERROR "Treat warnings as errors" OFF)

# Asserts guard our own mistakes in release builds too.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

find_program(LASTGOOD_CCACHE ccache)
if(LASTGOOD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LASTGOOD_CCACHE})
else()
  # The same bytes wherever the sources are (scripts/reproducible). ccache has its own way with paths.
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
endif()

add_library(lastgood_flags INTERFACE)
target_include_directories(lastgood_flags INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_compile_options(lastgood_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wswitch-enum -fstack-protector-strong)
if(LASTGOOD_WERROR)
  target_compile_options(lastgood_flags INTERFACE -Werror)
endif()

if(LASTGOOD_SANITIZE)
  target_compile_options(lastgood_flags INTERFACE
    -fsanitize=${LASTGOOD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(lastgood_flags INTERFACE -fsanitize=${LASTGOOD_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(lastgood_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection)
  target_link_options(lastgood_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
# What nobody calls needn't be mapped: the daemon and its receiver are always there.
target_compile_options(lastgood_flags INTERFACE -ffunction-sections -fdata-sections)
target_link_options(lastgood_flags INTERFACE -Wl,--as-needed,--gc-sections)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
