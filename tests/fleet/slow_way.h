// A way to etcd on which every answer takes so long: the other side of a slow line, or of a busy
// member. What is sent to etcd arrives at once.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "fleet/etcd_server.h"
#include "lastgood/base/time.h"
#include "lastgood/base/url.h"

namespace lastgood::fleet::test {

class SlowWay {
  public:
    SlowWay(const std::string& to_url, Millis held)
        : to_(*parse_url(to_url)), held_(held), listening_(*http::listen_tcp("127.0.0.1", 0)) {
        ::signal(SIGPIPE, SIG_IGN);  // a client that has given up
        url_ = "http://127.0.0.1:" + std::to_string(http::local_port(listening_.get()));
        thread_ = std::thread([this] { run(); });
    }
    ~SlowWay() {
        stop_.write.reset();  // the other end sees it
        thread_.join();
    }
    SlowWay(const SlowWay&) = delete;
    SlowWay& operator=(const SlowWay&) = delete;

    [[nodiscard]] const std::string& url() const { return url_; }

  private:
    struct Answer {
        Instant due;
        std::string bytes;
    };
    struct Line {
        sys::Fd client;
        sys::Fd etcd;
        std::deque<Answer> answers;
    };

    void run() {
        for (;;) {
            std::vector<pollfd> fds = {{stop_.read.get(), POLLIN, 0},
                                       {listening_.get(), POLLIN, 0}};
            for (const Line& line : lines_) {
                fds.push_back({line.client.get(), POLLIN, 0});
                fds.push_back({line.etcd.get(), POLLIN, 0});
            }
            poll(fds.data(), fds.size(), 20);
            if (fds[0].revents != 0) return;
            std::size_t at = 2;
            for (auto line = lines_.begin(); line != lines_.end();) {
                const bool asked = fds[at++].revents != 0;
                const bool answered = fds[at++].revents != 0;
                line = goes_on(*line, asked, answered) ? std::next(line) : lines_.erase(line);
            }
            if (fds[1].revents != 0) begin();
        }
    }

    void begin() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to_.port);
        inet_pton(AF_INET, to_.host.c_str(), &address.sin_addr);
        Line line{sys::Fd(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                  sys::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                  {}};
        if (!line.client || connect(line.etcd.get(), reinterpret_cast<const sockaddr*>(&address),
                                    sizeof address) != 0) {
            return;
        }
        lines_.push_back(std::move(line));
    }

    // False: it has ended.
    bool goes_on(Line& line, bool asked, bool answered) const {
        char bytes[65536];
        if (asked) {
            const ssize_t n = read(line.client.get(), bytes, sizeof bytes);
            if (n <= 0) return false;
            if (!sys::write_all(line.etcd.get(), {bytes, static_cast<std::size_t>(n)}))
                return false;
        }
        if (answered) {
            const ssize_t n = read(line.etcd.get(), bytes, sizeof bytes);
            if (n <= 0) return false;
            line.answers.push_back(
                {BootClock::now() + held_, std::string(bytes, static_cast<std::size_t>(n))});
        }
        while (!line.answers.empty() && line.answers.front().due <= BootClock::now()) {
            if (!sys::write_all(line.client.get(), line.answers.front().bytes)) return false;
            line.answers.pop_front();
        }
        return true;
    }

    Url to_;
    Millis held_;
    sys::Fd listening_;
    sys::Pipe stop_ = *sys::make_pipe(O_CLOEXEC);
    std::string url_;
    std::list<Line> lines_;
    std::thread thread_;
};

}  // namespace lastgood::fleet::test
