# Finds every library first and then reports all that are missing, with the Debian package to install.
find_package(PkgConfig)
find_package(Threads REQUIRED)
set(LASTGOOD_MISSING "")

if(NOT PkgConfig_FOUND)
  list(APPEND LASTGOOD_MISSING "pkg-config (package pkg-config)")
endif()

function(lastgood_need_cmake package debian)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    set(LASTGOOD_MISSING ${LASTGOOD_MISSING} "${package} (package ${debian})" PARENT_SCOPE)
  endif()
endfunction()

function(lastgood_need_pkgconfig module debian)
  if(PkgConfig_FOUND)
    pkg_check_modules(${module} QUIET IMPORTED_TARGET ${module})
    if(NOT ${module}_FOUND)
      set(LASTGOOD_MISSING ${LASTGOOD_MISSING} "${module} (package ${debian})" PARENT_SCOPE)
    endif()
  endif()
endfunction()

lastgood_need_cmake(OpenSSL libssl-dev)
lastgood_need_cmake(SQLite3 libsqlite3-dev)
lastgood_need_cmake(nlohmann_json nlohmann-json3-dev)
lastgood_need_cmake(CLI11 libcli11-dev)
lastgood_need_cmake(spdlog libspdlog-dev)
lastgood_need_cmake(yaml-cpp libyaml-cpp-dev)
lastgood_need_cmake(GTest libgtest-dev)
lastgood_need_pkgconfig(cpp-httplib libcpp-httplib-dev)
lastgood_need_pkgconfig(libgit2 libgit2-dev)
lastgood_need_pkgconfig(libseccomp libseccomp-dev)

if(LASTGOOD_MISSING)
  list(JOIN LASTGOOD_MISSING "\n  " lastgood_missing_lines)
  message(FATAL_ERROR
    "These libraries are missing:\n  ${lastgood_missing_lines}\n"
    "On Debian and Ubuntu: sudo scripts/install-deps")
endif()
