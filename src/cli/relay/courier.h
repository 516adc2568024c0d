// Brings relayed requests to the receiver, whose word is the only one that counts: it verifies the
// forge's signature as if the forge had come itself.
#pragma once

#include <string>

#include "cli/relay/message.h"
#include "lastgood/base/random.h"
#include "lastgood/base/url.h"
#include "lastgood/http/remote_client.h"

namespace lastgood::cli {

// What its answer means, for people; pure.
struct CourierVerdict {
    bool again = false;  // it can't take it now
    std::string text;    // "202 accepted"
    std::string mend;    // empty: none is needed
};
CourierVerdict verdict_of(const RelayedRequest& request, const http::RemoteAnswer& answer);

class Courier {
  public:
    Courier(Url to, std::string ca_file);

    // Waits while the receiver can't take it, for kRelayHoldMax at most. Tells what came of it.
    void bring(const RelayedRequest& request);

  private:
    Url to_;
    http::RemoteOptions options_;
    Random random_;
};

// A pause that doubles, with jitter: half of it is drawn.
Millis relay_pause(int failures, Random& random);

}  // namespace lastgood::cli
