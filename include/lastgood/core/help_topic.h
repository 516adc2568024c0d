// The stable names under which docs/errors.md explains what went wrong and how to mend it. A name
// never changes its meaning; tests/tidy/help_test.py keeps names and sections together.
//
// The names go by what is recorded (outcome, phase) and, where one phase has several ends, by the
// words that this program itself put into the reason.
#pragma once

#include <string_view>

namespace lastgood::core {

struct Ended {
    std::string_view outcome;  // as in the journal; empty: it goes on
    std::string_view phase;    // the last one reached
    std::string_view reason;
};
// Empty: there is nothing to explain.
std::string_view help_topic(const Ended& deployment);

// Of a command that was refused, by the reason that it is told.
std::string_view help_topic_of_refusal(std::string_view reason);

}  // namespace lastgood::core
