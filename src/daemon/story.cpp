#include "daemon/story.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/moments.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/process/last_lines.h"

namespace lastgood::daemon {
namespace {

// Numbers are shared by all apps; further away nothing has to do with it any more.
constexpr int kLooksForNext = 100;

std::optional<store::DeploymentRow> next_of(store::Journal& journal,
                                            const store::DeploymentRow& row) {
    for (int step = 1; step <= kLooksForNext; ++step) {
        auto found = journal.deployment({row.id.value + step});
        if (!found) return std::nullopt;
        if (*found && (*found)->app == row.app) return std::move(*found);
    }
    return std::nullopt;
}

// Nothing: there is no such file.
std::optional<std::vector<std::string>> end_of_file(const std::string& path) {
    const sys::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    const off_t size = lseek(file.get(), 0, SEEK_END);
    const auto wanted = std::min<off_t>(std::max<off_t>(size, 0), limits::kTailBytes);
    std::string text(static_cast<std::size_t>(wanted), '\0');
    const ssize_t got = pread(file.get(), text.data(), text.size(), size - wanted);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    std::vector<std::string> lines = process::last_lines(trim(text));
    for (std::string& line : lines) line = printable(trim(line));
    return lines;
}

}  // namespace

Expected<std::optional<control::Story>> story_of(Site& site, DeploymentId id) {
    auto row = site.journal.deployment(id);
    if (!row) return row.error();
    if (!*row) return std::optional<control::Story>();
    control::Story story;
    story.deployment = **row;
    const auto app = AppName::parse(story.deployment.app);
    if (!app) return std::optional(std::move(story));
    if (!story.deployment.delivery.empty()) {
        auto delivery = site.journal.delivery_of(*app, story.deployment.delivery);
        if (!delivery) return delivery.error();
        story.delivery = std::move(*delivery);
    }
    story.next = next_of(site.journal, story.deployment);
    auto quarantine = site.journal.quarantine(app->str());
    if (!quarantine) return quarantine.error();
    for (auto& entry : *quarantine) {
        if (entry.commit == story.deployment.commit) story.quarantine = std::move(entry);
    }
    const AppPaths paths(site.config.state_dir, *app);
    story.moments = read_moments(paths.logs(), id);
    if (auto lines = end_of_file(paths.step_log(id))) {
        story.output = std::move(*lines);
        story.log = paths.step_log(id);
    }
    return std::optional(std::move(story));
}

}  // namespace lastgood::daemon
