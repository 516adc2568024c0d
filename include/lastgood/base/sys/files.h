// Files and directories, whole and durable.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::sys {

// The whole file; refused when larger than `bytes_max`.
Expected<std::string> read_file(const std::string& path, std::size_t bytes_max);

// What is left to read of an open file, in the same way; `path` names it in errors.
Expected<std::string> read_rest(int fd, const std::string& path, std::size_t bytes_max);

// Replaces the file's content so that a crash leaves the old or the new one: unique temporary name,
// fsync, rename, fsync of the folder.
Expected<void> write_file_atomically(const std::string& path, std::string_view content,
                                     mode_t mode);

// Points the link at `target` in one step, durable when it returns.
Expected<void> replace_symlink(const std::string& link, const std::string& target);

// mkdir -p; new folders get `mode`.
Expected<void> make_directories(const std::string& path, mode_t mode = 0755);

// rm -rf that does not follow links; read-only folders in the tree are opened up first. A path that
// isn't there is no error.
Expected<void> remove_tree(const std::string& path);

Expected<void> fsync_directory(const std::string& path);

Expected<Pipe> make_pipe(int flags);  // flags as pipe2() takes them
Expected<void> write_all(int fd, std::string_view bytes);
Expected<void> set_nonblocking(int fd, bool on);

mode_t current_umask();  // sets it for a moment: not beside another thread that makes files

bool exists(const std::string& path);  // does not follow a last link
bool is_directory(const std::string& path);

}  // namespace lastgood::sys
