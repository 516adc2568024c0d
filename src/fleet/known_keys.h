// Which keys of some ranges are known, and up to which revision each range was told (pure): what a
// watch has to go on from, and what a reading must find to prove that it missed nothing.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lastgood/fleet/etcd.h"

namespace lastgood::fleet {

class KnownKeys {
  public:
    // Whole ranges, in order; none overlaps another.
    explicit KnownKeys(std::vector<RangeAsk> ranges);

    void clear();
    void list(std::size_t range, const RangeAnswer& answer);
    // News that are not older than what the range was told already.
    void take(const WatchNews& news);
    // A reading said that nothing was missed up to there.
    void reached(Revision revision);

    [[nodiscard]] std::vector<RangeAsk> ranges() const { return ranges_; }
    [[nodiscard]] std::vector<WatchAsk> goes_on() const;
    // The furthest that any of them was told.
    [[nodiscard]] Revision told() const;
    // What to read to find out whether something was missed, and whether it was.
    [[nodiscard]] TxnAsk check() const;
    [[nodiscard]] bool missed(const TxnAnswer& answer) const;

  private:
    const std::vector<RangeAsk> ranges_;
    std::vector<std::set<std::string>> keys_;
    std::vector<Revision> seen_;
};

}  // namespace lastgood::fleet
