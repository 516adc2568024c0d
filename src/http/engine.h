// Between the front and cpp-httplib: a request that was gathered whole becomes the bytes of its
// answer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/head.h"
#include "lastgood/http/message.h"

namespace lastgood::http {

struct Gathered {
    Head head;
    std::string body;
    std::string peer;
    std::string client;
    Instant received{};
};

struct Outcome {
    int status = 0;
    std::string bytes;
    bool close = false;
    std::function<void(sys::Fd)> take_over;
    std::function<void(std::function<void(Response)>)> later;  // then there are no bytes yet
    bool head_only = false;                                    // of what comes later
};

class Engine {
  public:
    virtual ~Engine() = default;
    // From any thread. `close`: the answer says that the connection ends with it.
    virtual Outcome answer(Gathered request, bool close) = 0;
};

std::unique_ptr<Engine> make_engine(Handler handler, Millis idle_time);

// An answer made without a handler; it always ends the connection.
Outcome refuse(const Refusal& refusal);

// The answer that came later. `head_only`: to a HEAD, which gets no body.
Outcome compose(const Response& response, bool close, bool head_only);

}  // namespace lastgood::http
