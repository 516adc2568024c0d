// The process in which the daemon has log files read.
#include <unistd.h>

#include <cerrno>

#include "cli/answers.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/logs/question.h"

namespace lastgood::cli {
namespace {

std::string all_of_stdin() {
    std::string text;
    char buffer[16 * 1024];
    while (true) {
        const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

}  // namespace

int read_logs_for_daemon() {
    const auto complain_to_it = [](const Error& error) {
        print(object_json({{"error", error.text()}}) + "\n");
        return kUsage;
    };
    const auto question = logs::decode_question(all_of_stdin());
    if (!question) return complain_to_it(question.error());
    const auto answered = logs::answer(
        *question, [](const logs::LogLine& line) { return print(logs::line_json(line) + "\n"); });
    return answered ? kDone : complain_to_it(answered.error());
}

}  // namespace lastgood::cli
