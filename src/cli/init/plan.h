// How a project is built and run, as far as its files tell.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastgood::cli::planning {

enum class Kind { node, python, go, rust, ruby, php, cmake, make, site, compose, script };

// "Node", "static site": for people.
std::string_view to_string(Kind kind);

// How the app comes to its listening socket.
enum class Socket {
    own,      // binds its port itself: no `listen`, the old one stops before the new one starts
    preload,  // binds its port itself, and gets lastgood's socket
    passed,   // takes descriptor 3
};

// What could not be known, at the key where it is to be mended.
struct Note {
    std::string key;  // run, build, listen, ready …
    std::string text;
};

struct Plan {
    Kind kind = Kind::script;
    std::string found;  // the files that told: "package.json, package-lock.json"
    std::vector<std::string> build{};
    std::string build_why{};                                   // a comment above `build`
    std::vector<std::pair<std::string, std::string>> cache{};  // folder; its file, empty: usual
    std::string run{};                                         // empty: nothing tells
    std::string run_why{};                                     // a comment above `run`
    std::vector<std::pair<std::string, std::string>> env{};    // PORT comes by itself
    Socket socket = Socket::own;
    int port = 0;            // 0: it listens nowhere, as far as is known
    std::string loopback{};  // 127.0.0.1 or ::1 where it binds only that; empty: not as is known
    std::string ready_path = "/";
    std::string ready_within = "30s";
    std::string stop_timeout{};                // empty: the default
    std::vector<std::string> before_switch{};  // as a comment: whether to is not ours to say
    std::vector<Note> notes{};

    void note(std::string key, std::string text) {
        notes.push_back({std::move(key), std::move(text)});
    }
};

}  // namespace lastgood::cli::planning
