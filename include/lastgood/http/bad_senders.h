// How many bad requests an address may send: a bucket of tokens for each, which fills slowly.
//
// Bounded: at kBadSendersMax addresses the one that was bad longest ago is forgotten, which is also
// the one nearest to being forgiven.
#pragma once

#include <list>
#include <unordered_map>

#include "lastgood/base/network.h"
#include "lastgood/base/time.h"

namespace lastgood::http {

class BadSenders {
  public:
    // `per_minute` is both the size of a bucket and what flows into it; 0: nobody is ever barred.
    void set_limit(int per_minute);

    void count(const IpAddress& sender, Instant now);
    // Barred until its bucket holds a token again. Asking costs none.
    [[nodiscard]] bool is_barred(const IpAddress& sender, Instant now) const;
    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    struct Bucket {
        IpAddress sender;
        double tokens;
        Instant at;  // when `tokens` was right
    };
    [[nodiscard]] double tokens(const Bucket& bucket, Instant now) const;

    int per_minute_ = 0;
    std::list<Bucket> newest_first_;
    std::unordered_map<IpAddress, std::list<Bucket>::iterator> known_;
};

}  // namespace lastgood::http
