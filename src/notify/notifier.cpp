// The notifier's own side.
#include "lastgood/notify/notifier.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/base/version.h"
#include "lastgood/http/remote_client.h"
#include "notify/forge_talk.h"

namespace lastgood::notify {
namespace {

using core::Sent;

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::variant<forge::ApiAnswer, Sent> exchange(const forge::ApiRequest& request,
                                              const std::string& ca_file) {
    auto url = parse_url(request.url);
    if (!url) return Sent{Sent::Kind::never, url.error().text(), {}};
    http::RemoteRequest sent{request.method, *std::move(url), request.headers, request.body};
    sent.headers.emplace_back("User-Agent", std::string("lastgood/") + program_version());
    http::RemoteOptions options;
    options.ca_file = ca_file;
    options.variable = own_variable;
    options.whole_time = limits::kNoticeTimeMax;
    options.answer_bytes = limits::kNoticeAnswerBytesMax;
    options.redirects = false;
    auto result = http::send_remote(sent, options);
    if (const auto* failure = std::get_if<http::RemoteFailure>(&result)) {
        return Sent{Sent::Kind::again, failure->error.text(), {}};
    }
    const auto answer =
        std::make_shared<const http::RemoteAnswer>(std::get<http::RemoteAnswer>(std::move(result)));
    return forge::ApiAnswer{answer->status,
                            [answer](std::string_view name) { return answer->header(name); },
                            answer->body};
}

Sent send(const HttpParcel& parcel) {
    auto result = exchange(parcel.request, parcel.ca_file);
    if (auto* failed = std::get_if<Sent>(&result)) return std::move(*failed);
    return judge_answer(std::get<forge::ApiAnswer>(result), wall_now());
}

Sent send(const ForgeParcel& parcel) {
    return tell_forge(parcel, exchange, wall_now());
}

std::vector<std::string> program_environment(const ProgramParcel& parcel) {
    std::vector<std::string> env = parcel.env;
    for (const char* name : {"PATH", "HOME", "LANG", "TZ"}) {
        if (const auto value = own_variable(name)) env.push_back(std::string(name) + "=" + *value);
    }
    return env;
}

// Until it ends: what it starts may hold the pipe for ever. False: the deadline came first.
bool watch(const sys::Child& child, int out, std::string& said) {
    const Instant deadline = BootClock::now() + limits::kNotifierTimeMax - Millis(5'000);
    pollfd watched[] = {{child.pidfd.get(), POLLIN, 0}, {out, POLLIN, 0}};
    while (true) {
        const Millis left = deadline - BootClock::now();
        if (left <= Millis(0)) return false;
        if (poll(watched, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
        char chunk[4096];
        const ssize_t got = read(out, chunk, sizeof chunk);
        if (got > 0) {
            said.append(chunk, static_cast<std::size_t>(got));
            if (said.size() > limits::kTailBytes) said.erase(0, said.size() - limits::kTailBytes);
        } else if (got == 0) {
            watched[1].fd = -1;
        }
        if (got <= 0 && (watched[0].revents & POLLIN) != 0) return true;
    }
}

Expected<Sent> run(const ProgramParcel& parcel) {
    auto in = sys::make_pipe(O_CLOEXEC);
    if (!in) return in.error();
    auto out = sys::make_pipe(O_CLOEXEC);
    if (!out) return out.error();
    // A pipe holds it whole: nobody needs to read meanwhile.
    if (parcel.input.size() > limits::kNotifierJobBytesMax) {
        return Error{"the message is too large", ""};
    }
    if (auto put = sys::write_all(in->write.get(), parcel.input); !put) return put.error();
    in->write.reset();
    if (auto set = sys::set_nonblocking(out->read.get(), true); !set) return set.error();
    sys::SpawnSpec spec;
    spec.argv = parcel.argv;
    spec.env = program_environment(parcel);
    spec.workdir = std::string("/");
    spec.fds = {{in->read.get(), 0}, {out->write.get(), 1}, {out->write.get(), 2}};
    spec.die_with_parent = true;
    const auto child = sys::spawn(spec);
    if (!child) return child.error();
    out->write.reset();
    std::string said;
    const bool ended = watch(*child, out->read.get(), said);
    kill(-child->pid, SIGKILL);
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (ended) return judge_exit(parcel, status, std::string(trim(said)));
    return Error{parcel.argv.front() + " took too long, and was ended", ""};
}

Sent send(const ProgramParcel& parcel) {
    auto sent = run(parcel);
    return sent ? *std::move(sent) : Sent{Sent::Kind::again, sent.error().text(), {}};
}

Expected<std::string> read_input() {
    std::string text;
    char chunk[4096];
    while (text.size() <= limits::kNotifierJobBytesMax) {
        const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
        if (got == 0) return text;
        if (got < 0 && errno != EINTR) return system_error("could not read stdin", errno);
        if (got > 0) text.append(chunk, static_cast<std::size_t>(got));
    }
    return Error{"more was given to the notifier than it takes", ""};
}

}  // namespace

core::Sent deliver(const Parcel& parcel) {
    return std::visit([](const auto& one) { return send(one); }, parcel);
}

int notifier_main() {
    prctl(PR_SET_DUMPABLE, 0);  // secrets pass through this memory
    signal(SIGPIPE, SIG_IGN);
    const auto text = read_input();
    const auto parcel = text ? decode_parcel(*text) : Expected<Parcel>(text.error());
    const Sent sent =
        parcel ? deliver(*parcel) : Sent{Sent::Kind::never, parcel.error().text(), {}};
    return sys::write_all(STDOUT_FILENO, encode_sent(sent)) ? 0 : 1;
}

}  // namespace lastgood::notify
