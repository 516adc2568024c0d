// Named places around what the daemon stores and what it does in the world: a death between two of
// them must lose nothing. In lastgood they do nothing. The program of the kill-point tests
// (tests/kill) has a kill_point() of its own, which ends the daemon at the one that is asked for.
#pragma once

namespace lastgood {

// "journal.save", "before".
void kill_point(const char* what, const char* when) noexcept;

// Before, where it is made, and after, at the end of the scope.
class KillPoints {
  public:
    explicit KillPoints(const char* what) noexcept : what_(what) { kill_point(what_, "before"); }
    ~KillPoints() { kill_point(what_, "after"); }
    KillPoints(const KillPoints&) = delete;
    KillPoints& operator=(const KillPoints&) = delete;

  private:
    const char* what_;
};

}  // namespace lastgood
