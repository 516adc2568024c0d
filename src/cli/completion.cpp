#include "cli/completion.h"

#include <algorithm>
#include <set>

#include "cli/answers.h"
#include "cli/complete.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/help.h"
#include "cli/texts.h"
#include "lastgood/base/strings.h"
#include "lastgood/http/client.h"

namespace lastgood::cli {
namespace {

constexpr Millis kAnswerMax{500};  // nobody waits longer for a Tab
constexpr std::size_t kCommitDigits = 12;

class Answers {
  public:
    Answers(const Completion& completion, std::string typed)
        : completion_(completion), typed_(std::move(typed)) {
        context_.config_option = completion.config;
        for (const Candidate& one : completion.candidates) offer(one.word, one.about);
    }

    void look_up(Wanted wanted) {
        switch (wanted) {
            case Wanted::app:
                for (const AppView& app : parse_apps(get("/v1/apps")).value_or(Apps{})) {
                    offer(app.name, app.state);
                }
                return;
            case Wanted::deployment:
                for (const DeploymentView& row : history()) {
                    offer(std::to_string(row.id), row.app + " " + about(row));
                }
                return;
            case Wanted::commit:
                return commits([](const DeploymentView&) { return true; });
            case Wanted::good_commit:
                return commits([](const DeploymentView& row) { return row.outcome == "good"; });
            case Wanted::quarantined:
                return quarantined();
            case Wanted::delivery:
                for (const auto& row :
                     parse_deliveries(get("/v1/deliveries?n=50")).value_or(Sent{})) {
                    offer(row.id, row.app + " " + row.decision);
                }
                return;
            case Wanted::topic:
                for (const std::string& name : help_topics()) offer(name, "");
                return;
            case Wanted::file:
                text_ += ":file\n";
                return;
            case Wanted::folder:
                text_ += ":dir\n";
                return;
        }
    }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    using Apps = std::vector<AppView>;
    using Rows = std::vector<DeploymentView>;
    using Sent = std::vector<DeliveryView>;

    // Empty where there is no good answer.
    std::string get(const std::string& path) {
        const auto places = find_places(context_);
        if (!places) return {};
        auto answer = http::request(places->socket(), "GET", path, {}, kAnswerMax);
        return answer && answer->status == 200 ? answer->body : std::string();
    }

    Rows history() {
        const std::string& app = completion_.app;
        return parse_history(get(app.empty() ? "/v1/history?n=50" : app_path(app, "/history?n=50")))
            .value_or(Rows{});
    }

    static std::string about(const DeploymentView& row) {
        return (row.outcome.empty() ? row.phase : row.outcome) +
               (row.subject.empty() ? "" : ", " + row.subject);
    }

    // Enough digits of it, or all where more were typed.
    [[nodiscard]] std::string shown(const std::string& commit) const {
        return typed_.size() <= kCommitDigits ? commit.substr(0, kCommitDigits) : commit;
    }

    template <typename Wants>
    void commits(const Wants& wants) {
        for (const DeploymentView& row : history()) {
            if (!row.commit.empty() && wants(row)) {
                offer(shown(row.commit), about(row));
            }
        }
    }

    void quarantined() {
        const std::string path = "/v1/quarantine?app=" + url_escape(completion_.app);
        const auto rows = parse_quarantine(get(path));
        if (!rows) return;
        for (const QuarantineView& row : *rows) {
            offer(shown(row.commit), first_line(row.reason));
        }
    }

    void offer(const std::string& word, const std::string& about) {
        if (word.empty() || !word.starts_with(typed_) || !offered_.insert(word).second) return;
        text_ += printable(word, 300) + "\t" + printable(about, 60) + "\n";
    }

    const Completion& completion_;
    std::string typed_;
    Context context_;
    std::set<std::string> offered_;
    std::string text_;
};

}  // namespace

int complete_words(const CommandInfo& program, const std::vector<std::string>& words) {
    const Completion completion = complete(program, words);
    Answers answers(completion, words.empty() ? "" : words.back());
    for (const Wanted wanted : completion.wanted) answers.look_up(wanted);
    print(answers.text());
    return kDone;
}

int completion_script(const std::string& shell) {
    print(shell == "bash" ? kBashCompletion : shell == "zsh" ? kZshCompletion : kFishCompletion);
    return kDone;
}

}  // namespace lastgood::cli
