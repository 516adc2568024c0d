// The test program is its own app: started again with APP_MODE set, it plays a release instead of
// running tests. What it does is chosen by further variables.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

std::string variable(const char* name, const char* otherwise = "") {
    const char* value = getenv(name);
    return value != nullptr ? value : otherwise;
}

void send_text(int fd, const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const ssize_t sent = send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
    }
}

void answer(int fd) {
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) return;
        request.append(buffer, static_cast<std::size_t>(got));
    }
    if (request.starts_with("GET /crash ")) raise(SIGSEGV);
    if (request.starts_with("GET /hold ")) {  // kept open until the client closes
        send_text(fd, "HTTP/1.1 200 OK\r\n\r\nheld");
        if (fork() == 0) {
            while (recv(fd, buffer, sizeof buffer, 0) > 0) {
            }
            _exit(0);
        }
        return;
    }
    std::string status = "200 OK";
    if (request.starts_with("GET /health ")) status = variable("APP_HEALTH", "200 OK");
    const std::string sick = variable("APP_SICK_FILE");
    if (!sick.empty() && access(sick.c_str(), F_OK) == 0) status = "500 Ill";
    std::string body = variable("APP_TEXT", "app");
    body.resize(
        std::max(body.size(), std::strtoul(variable("APP_BYTES", "0").c_str(), nullptr, 10)), '.');
    send_text(fd, "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\nConnection: close\r\n\r\n" + body);
}

// Serves one connection after the other. It leaves the shared sockets nonblocking, as node does,
// and refuses to start on one.
void serve() {
    const int last = 2 + static_cast<int>(std::strtol(variable("LISTEN_FDS").c_str(), nullptr, 10));
    if (variable("LISTEN_PID") != std::to_string(getpid()) || last < 3) _exit(8);
    if ((fcntl(3, F_GETFL) & O_NONBLOCK) != 0) _exit(9);
    if (!variable("APP_DEAF").empty()) {
        printf("deaf\n");
        fflush(stdout);
        while (true) pause();
    }
    for (int fd = 3; fd <= last; ++fd) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    signal(SIGCHLD, SIG_IGN);
    printf("serving %s as %s\n", variable("APP_TEXT").c_str(), variable("LISTEN_FDNAMES").c_str());
    fflush(stdout);
    while (true) {
        std::vector<pollfd> waiting;
        for (int fd = 3; fd <= last; ++fd) waiting.push_back({fd, POLLIN, 0});
        poll(waiting.data(), waiting.size(), -1);
        for (const pollfd& listening : waiting) {
            const int fd = accept4(listening.fd, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            answer(fd);
            close(fd);
        }
    }
}

void notify() {
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, variable("NOTIFY_SOCKET").c_str(), sizeof address.sun_path - 1);
    const std::string text = "STATUS=up\nREADY=1\n";
    sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof address);
    while (true) pause();
}

void lines() {
    const long count = std::strtol(variable("APP_COUNT").c_str(), nullptr, 10);
    for (long i = 0; i < count; ++i) printf("line %ld\n", i);
    fflush(stdout);
    _exit(0);
}

__attribute__((constructor)) void play_an_app() {
    const std::string mode = variable("APP_MODE");
    if (mode == "serve") serve();
    if (mode == "notify") notify();
    if (mode == "lines") lines();
}

}  // namespace
