// A view that is drawn again and again in one place of the terminal, calmly: each picture is one
// write that goes over the one before, line by line, so nothing flickers.
#pragma once

#include <csignal>
#include <string>

namespace lastgood::cli {

// The whole terminal, on its alternate screen: what stood there before comes back at the end, also
// when SIGINT, SIGTERM or SIGHUP ends the program. One at a time.
class Screen {
  public:
    Screen();
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    // False: nobody reads any more.
    bool draw(const std::string& text);
    // The terminal's size changed since this was asked last.
    static bool resized();
};

// The bytes that draw `text` on a terminal of this size: what doesn't fit is cut.
std::string picture(const std::string& text, std::size_t columns, std::size_t rows);

}  // namespace lastgood::cli
