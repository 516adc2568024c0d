// What a process needed only to start: relocations, constructors and the reading of its config
// touch several megabytes of its program and of libraries that it never looks at again.
#pragma once

namespace lastgood::sys {

// Unmaps the pages of read-only files from this process; what is used again comes back from the
// page cache by itself. Needs /proc. At any time, from any thread.
void let_go_of_startup_pages();

}  // namespace lastgood::sys
