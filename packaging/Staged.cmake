# Run by CPack between `cmake --install` and packing: what is made for the package alone.
execute_process(
  COMMAND ${CPACK_LASTGOOD_SOURCES}/packaging/stage ${CPACK_TEMPORARY_DIRECTORY}
          ${CPACK_DEBIAN_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}
          ${CPACK_DEBIAN_PACKAGE_MAINTAINER}
  COMMAND_ERROR_IS_FATAL ANY)
