// Which endpoint of etcd the clients of one host use: all of them the same one, so that where one
// finds it dead or hanging the others, and a watch that says nothing, move on with it. Any thread.
//
// It is left for good when it takes no connection, or ends one; and when it lets two requests in a
// row run out of time: one alone may have waited for a leader, as it would have anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace lastgood::fleet {

class EtcdPlace {
  public:
    explicit EtcdPlace(std::uint64_t begin) : at_(begin) {}
    EtcdPlace(const EtcdPlace&) = delete;
    EtcdPlace& operator=(const EtcdPlace&) = delete;

    // Of N endpoints number at() % N. It only grows.
    [[nodiscard]] std::uint64_t at() const;
    // What came of a request at the place that at() said before. Of an earlier one they do nothing.
    void answered(std::uint64_t at);
    void was_silent(std::uint64_t at);
    void leave(std::uint64_t at);

  private:
    mutable std::mutex mutex_;
    std::uint64_t at_;
    int silences_ = 0;
};

}  // namespace lastgood::fleet
