// Writes files of a commit into a directory, on several threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "git/release_folder.h"
#include "git/release_index.h"
#include "git/tree_walk.h"

namespace lastgood::git {

struct WriteJob {
    std::string mirror;
    const ReleaseFolder* folder = nullptr;
    const std::vector<TreeFile>* files = nullptr;       // of the whole release
    const std::vector<TreeFile>* attributes = nullptr;  // its .gitattributes; empty: no filters
    std::vector<std::size_t> wanted;                    // which of the files are to be written
    bool writes_over = false;                           // some of them are there
    mode_t umask = 022;                                 // of this process
    std::optional<ReleaseOwner> owner{};                // of the files
    // The files stay this process's, readable for the owner's group, and unchanged ones are links
    // to the source's.
    bool links = false;
    // A release on the same file system to share blocks with; null: all comes from the mirror.
    const ReleaseFolder* source = nullptr;
    const ReleaseIndex* source_index = nullptr;
};

struct WriteReport {
    std::uint64_t bytes = 0;
    std::uint64_t shared = 0;  // files whose blocks, or which altogether, are the source's
};

// Fills `marks` of the wanted ones. Their parents must be there. What is in their own places is a
// file that nobody else has (it is written over) or nothing.
GitResult<WriteReport> write_files(const WriteJob& job, std::vector<FileMark>& marks);

}  // namespace lastgood::git
