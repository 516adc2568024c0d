# The files of the dashboard as a source of lastgood_control: there is one file to install.
find_program(LASTGOOD_GZIP gzip REQUIRED)
file(GLOB_RECURSE lastgood_pages CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/dashboard/*)
set(lastgood_pages_source ${CMAKE_CURRENT_BINARY_DIR}/pages_bytes.cpp)
add_custom_command(
  OUTPUT ${lastgood_pages_source}
  COMMAND ${CMAKE_COMMAND} -D INPUT=${CMAKE_CURRENT_SOURCE_DIR}/dashboard
          -D OUTPUT=${lastgood_pages_source} -D GZIP=${LASTGOOD_GZIP}
          -P ${CMAKE_SOURCE_DIR}/cmake/EmbedPages.cmake
  DEPENDS ${lastgood_pages} ${CMAKE_SOURCE_DIR}/cmake/EmbedPages.cmake
  COMMENT "Embedding the dashboard"
  VERBATIM)
target_sources(lastgood_control PRIVATE ${lastgood_pages_source})
