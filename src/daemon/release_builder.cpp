#include "daemon/release_builder.h"

#include <utility>

#include "daemon/old_logs.h"
#include "daemon/run_spec.h"
#include "lastgood/base/kill_point.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/config/env_file.h"
#include "lastgood/process/last_lines.h"
#include "lastgood/process/process_tree.h"

namespace lastgood::daemon {

std::string build_token(const config::Config& config, const AppName& app, DeploymentId deployment) {
    // Above every number of a run.
    constexpr std::uint64_t kBuilds = 1ULL << 62;
    return process::run_token(config.runtime_dir, app,
                              RunId{kBuilds + static_cast<std::uint64_t>(deployment.value)});
}

ReleaseBuilder::ReleaseBuilder(Site& site, const config::App& app, git::Session& session,
                               core::DoBuild what, Witnesses witnesses, Done done)
    : site_(site),
      app_(app),
      session_(session),
      what_(std::move(what)),
      witnesses_(witnesses),
      done_(std::move(done)),
      paths_(site.config.state_dir, app.name) {}

ReleaseBuilder::~ReleaseBuilder() {
    witnesses_.progress.end(what_.deployment);  // it may ask the steps for their last line
}

void ReleaseBuilder::begin() {
    remove_old_deployment_logs(paths_.logs());
    auto terms = process::terms_of(app_);
    if (!terms) return fail(terms.error().text());
    terms_ = std::move(*terms);
    // The server's fault and not the commit's, as it would look like at the start.
    if (!app_.env_file.empty()) {
        const auto variables = config::read_env_file(app_.env_file);
        if (!variables) return fail(variables.error().text());
    }
    if (!app_.verify.wanted()) return begin_release();
    session_.verify({what_.commit, what_.previous, app_.verify}, [this](git::GitResult<bool> fine) {
        if (!fine.value) return fail(fine.error.error.text());
        begin_release();
    });
}

void ReleaseBuilder::begin_release() {
    auto row = site_.journal.release(app_.name, what_.commit);
    if (!row) return fail(row.error().text());
    if (*row && (*row)->built && sys::is_directory(paths_.release(what_.commit))) {
        auto settings = git::decode_settings((*row)->settings);
        if (!settings) return fail(settings.error().text());
        return take_settings(*settings, [this] { run_hooks(); });
    }
    write_tree();
}

void ReleaseBuilder::take_settings(const config::RepositorySettings& settings,
                                   const std::function<void()>& next) {
    app_ = config::with_repository(std::move(app_), settings);
    if (!app_.run.argv.empty()) return next();
    fail("nothing says what to run: give `run` in " + config::repository_file(app_.repository) +
         " of the repository, or in the server's config");
}

git::MaterialiseRequest ReleaseBuilder::tree_request() const {
    git::MaterialiseRequest request{.commit = what_.commit,
                                    .directory = paths_.release(what_.commit)};
    if (what_.previous) request.previous.emplace(*what_.previous, paths_.release(*what_.previous));
    request.submodules = app_.submodules;
    request.export_ignore = app_.export_ignore;
    request.way = app_.materialise;
    request.caches = app_.cache;
    request.repository = app_.repository;
    if (terms_.identity) {
        request.owner = git::ReleaseOwner{terms_.identity->uid, terms_.identity->gid};
    }
    return request;
}

void ReleaseBuilder::write_tree() {
    auto begun = site_.journal.begin_release(app_.name, what_.commit);
    if (begun) begun = sys::make_directories(paths_.releases());
    if (!begun) return fail(begun.error().text());
    kill_point("release", "being written");
    witnesses_.progress.begin(what_.deployment, "files");
    session_.materialise(tree_request(), [this](git::GitResult<git::Released> written) {
        kill_point("release", "written");
        if (!written.value) return fail(written.error.error.text());
        const git::Released& released = *written.value;
        witnesses_.progress.written(what_.deployment, released);
        for (const auto& note : released.notes) site_.log.info(app_.name.str(), note);
        text_ = {released.text.subject, released.text.author,
                 git::encode_settings(released.settings)};
        // Known also of a release whose build fails.
        const auto named = site_.journal.set_release_text(app_.name, what_.commit, text_);
        if (!named) return fail(named.error().text());
        take_settings(released.settings, [this] { run_build(); });
    });
}

void ReleaseBuilder::run_build() {
    run(app_.build, "build", [this] { seal(); });
}

void ReleaseBuilder::seal() {
    session_.seal(paths_.release(what_.commit), [this](git::GitResult<bool> sealed) {
        kill_point("release", "sealed");
        if (!sealed.value) return fail(sealed.error.error.text());
        auto built = site_.journal.release_built(app_.name, what_.commit, text_);
        if (!built) return fail(built.error().text());
        run_hooks();
    });
}

void ReleaseBuilder::run_hooks() {
    if (!hooks_) return finish({});
    run(app_.hooks.before_switch, "before_switch", [this] { finish({}); });
}

void ReleaseBuilder::run(const std::vector<config::Command>& steps, const std::string& named,
                         std::function<void()> next) {
    if (steps.empty()) return next();
    const std::string release = paths_.release(what_.commit);
    auto env = environment(app_, snapshot_of(app_),
                           {what_.commit.hex(), what_.previous ? what_.previous->hex() : "",
                            release, std::string(core::to_string(what_.trigger))},
                           terms_.identity);
    if (!env) return fail(env.error().text());
    process::StepsSpec spec;
    spec.steps = steps;
    spec.terms = terms_;
    spec.directory = release + "/" + app_.workdir;
    spec.env = std::move(*env);
    spec.output_file = paths_.step_log(what_.deployment);
    spec.time_max = app_.build_timeout;
    spec.token = build_token(site_.config, app_.name, what_.deployment);
    if (site_.cgroups) spec.group = site_.cgroups->group(spec.token);
    const std::string log = spec.output_file;
    witnesses_.progress.begin(what_.deployment, named.c_str());
    process::RunSteps::News news;
    news.step = [this, named, &steps](std::size_t step) { step_began(named, steps, step); };
    news.wrote = [this] {
        witnesses_.progress.wrote(what_.deployment, [this] { return steps_->last_line(); });
    };
    news.started = [this](pid_t pid, std::uint64_t start_time) {
        auto stored = site_.journal.set_process({app_.name.str(), "build", pid, start_time});
        if (!stored) site_.journal_refused();
    };
    news.done = [this, named, log, next = std::move(next)](const process::StepsResult& result) {
        kill_point("step", "ended");
        auto cleared = site_.journal.clear_process(app_.name.str(), "build");
        if (!cleared) site_.journal_refused();
        if (result.ok) return next();
        fail(process::with_tail(named + ": " + result.reason, result.tail) + " (all of it: " + log +
             ")");
    };
    steps_ = process::RunSteps::start(site_.loop, site_.reaper, std::move(spec), std::move(news));
}

void ReleaseBuilder::step_began(const std::string& named, const std::vector<config::Command>& steps,
                                std::size_t step) {
    const std::string& command = steps[step].text;
    witnesses_.progress.step(what_.deployment, step + 1, steps.size(), command);
    witnesses_.moments.add(what_.deployment, "step",
                           named + " step " + std::to_string(step + 1) + " of " +
                               std::to_string(steps.size()) + ": " + command);
}

void ReleaseBuilder::finish(std::string failure) {
    site_.loop.defer([alive = std::weak_ptr(alive_), this, failure = std::move(failure)] {
        if (!alive.lock()) return;
        const Done done = std::move(done_);  // it may destroy this object
        done(failure);
    });
}

}  // namespace lastgood::daemon
