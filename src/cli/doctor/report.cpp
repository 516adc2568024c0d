#include "cli/doctor/report.h"

#include <algorithm>

#include "cli/answers.h"
#include "cli/doctor/topic.h"
#include "cli/exit_code.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::diagnosis {
namespace {

constexpr std::size_t kCheckWidth = 13;  // "exact commits"

struct Word {
    const char* text;
    Tone tone;
};

Word word_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return {"OK", Tone::good};
        case Verdict::warn:
            return {"WARN", Tone::warn};
        case Verdict::fail:
            return {"FAIL", Tone::bad};
    }
    return {"FAIL", Tone::bad};
}

std::string padded(const std::string& text, std::size_t width) {
    return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

}  // namespace

std::string line_of(const Check& check, std::size_t label_width, const Style& style) {
    const auto [verdict, tone] = word_of(check.finding.verdict);
    const std::string label = check.app + (check.app.empty() ? "" : " ") + check.finding.check;
    std::string text = style.paint(tone, verdict) + padded("", 6 - std::string(verdict).size()) +
                       style.paint(Tone::strong, padded(printable(label), label_width)) + "  " +
                       printable(check.finding.found);
    if (!check.finding.mend.empty()) text += "; " + printable(check.finding.mend);
    const std::string topic(topic_of(check.finding.check));
    if (check.finding.verdict != Verdict::ok && !topic.empty()) {
        text += style.paint(Tone::dim, " (lastgood help " + topic + ")");
    }
    return text + "\n";
}

Report::Report(const Context& context, std::size_t longest_app)
    : context_(context), label_width_(longest_app + (longest_app == 0 ? 0 : 1) + kCheckWidth) {}

void Report::add(const std::string& app, Finding finding) {
    checks_.push_back({app, std::move(finding)});
    if (!context_.json) print(line_of(checks_.back(), label_width_, context_.style));
}

int Report::end() const {
    const auto count = [this](Verdict verdict) {
        return std::count_if(checks_.begin(), checks_.end(), [verdict](const Check& check) {
            return check.finding.verdict == verdict;
        });
    };
    const auto failed = count(Verdict::fail);
    if (context_.json) {
        print(checks_json(checks_) + "\n");
    } else {
        print(std::to_string(count(Verdict::ok)) + " OK, " + std::to_string(count(Verdict::warn)) +
              " WARN, " + std::to_string(failed) + " FAIL\n");
    }
    return failed == 0 ? kDone : kFailed;
}

}  // namespace lastgood::cli::diagnosis
