// What a process needed only to start, or for a deployment that is over: relocations, constructors,
// the reading of its config touch several megabytes of its program and of libraries that it doesn't
// look at again for hours.
#pragma once

namespace lastgood::sys {

// Gives back memory that was freed, and unmaps the pages of read-only files from this process; what
// is used again comes back from the page cache by itself. Needs /proc. At any time, from any
// thread.
void let_go_of_idle_pages();

}  // namespace lastgood::sys
