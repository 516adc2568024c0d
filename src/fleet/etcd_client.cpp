// The way to the members of etcd: which endpoint, who we are, what came of it.
#include "lastgood/fleet/etcd_client.h"

#include <poll.h>

#include <algorithm>
#include <map>

#include "fleet/etcd_json.h"
#include "fleet/watch_feed.h"
#include "lastgood/base/assert.h"
#include "lastgood/base/http_date.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/url.h"
#include "lastgood/http/remote_client.h"

namespace lastgood::fleet {
namespace {

using Kind = Failure::Kind;

http::RemoteOptions options_of(const EtcdSettings& settings) {
    http::RemoteOptions options;
    options.ca_file = settings.ca_file;
    options.client_cert_file = settings.cert_file;
    options.client_key_file = settings.key_file;
    options.connect_time = std::min(limits::kEtcdConnectMax, settings.time_max);
    options.silence = settings.time_max;
    options.whole_time = settings.time_max;
    options.answer_bytes = limits::kEtcdAnswerBytesMax;
    options.redirects = false;
    options.cancel_fd = settings.cancel_fd;
    return options;
}

constexpr int kLoginPatience = 4;  // times the time of a request

// Is it safe to ask again what may have been done?
enum class Again { never, yes };

struct Question {
    const char* path;
    std::string body;
    Again again;
    bool hasty = false;
};

bool only_reads(const TxnAsk& ask) {
    const auto reads = [](const std::vector<Op>& ops) {
        return std::all_of(ops.begin(), ops.end(),
                           [](const Op& op) { return std::holds_alternative<RangeAsk>(op); });
    };
    return reads(ask.then) && reads(ask.otherwise);
}

class Client final : public Etcd {
  public:
    Client(EtcdSettings settings, std::vector<Url> endpoints)
        : settings_(std::move(settings)),
          endpoints_(std::move(endpoints)),
          place_(settings_.place ? settings_.place : std::make_shared<EtcdPlace>(settings_.salt)),
          session_(options_of(settings_)) {}

    Result<RangeAnswer> range(const RangeAsk& ask) override {
        return ask_all<RangeAnswer>({"/v3/kv/range", range_json(ask), Again::yes, ask.hasty},
                                    read_range);
    }
    Result<TxnAnswer> txn(const TxnAsk& ask) override {
        const Again again = only_reads(ask) ? Again::yes : Again::never;
        return ask_all<TxnAnswer>({"/v3/kv/txn", txn_json(ask), again, ask.hasty}, read_txn);
    }
    Result<LeaseAnswer> grant(LeaseId lease, Millis ttl) override {
        auto result = ask_all<LeaseAnswer>({"/v3/lease/grant", grant_json(lease, ttl), Again::yes},
                                           read_grant);
        // It was granted by a try whose answer was lost: the number is ours alone.
        const auto* failed = std::get_if<Failure>(&result);
        if (failed != nullptr && failed->error.what.ends_with("lease already exists")) {
            return keep_alive(lease);
        }
        return result;
    }
    Result<LeaseAnswer> keep_alive(LeaseId lease) override {
        return ask_all<LeaseAnswer>({"/v3/lease/keepalive", lease_json(lease), Again::yes},
                                    read_keep_alive);
    }
    Result<LeaseAnswer> revoke(LeaseId lease) override {
        auto result =
            ask_all<LeaseAnswer>({"/v3/lease/revoke", lease_json(lease), Again::yes}, read_revoke);
        const auto* failed = std::get_if<Failure>(&result);
        if (failed != nullptr && failed->kind == Kind::no_lease) return LeaseAnswer{};
        return result;
    }
    WatchEnd watch(const std::vector<WatchAsk>& asks,
                   const std::function<bool(WatchNews)>& on_news) override;
    std::vector<Result<Status>> status() override;
    Result<std::vector<Member>> members() override {
        return ask_all<std::vector<Member>>({"/v3/cluster/member/list", "{}", Again::yes},
                                            read_members);
    }

  private:
    // The body of an answer of 200 that holds no error.
    using Raw = std::variant<std::string, Failure>;

    template <typename T>
    Result<T> ask_all(const Question& question, Expected<T> (*read)(std::string_view));
    template <typename T>
    Result<T> ask_here(const Question& question, Expected<T> (*read)(std::string_view));
    Raw ask_once(const Question& question);
    void judge(const http::RemoteFailure* failed);
    [[nodiscard]] Raw answer_of(http::RemoteResult result) const;
    std::optional<Failure> log_in();
    [[nodiscard]] const Url& endpoint() const { return endpoints_[at_]; }
    [[nodiscard]] http::RemoteRequest request(const std::string& path, const std::string& body,
                                              bool with_token) const;
    [[nodiscard]] Failure failure(Kind kind, const std::string& why, const std::string& mend) const;
    [[nodiscard]] Failure of_error(const EtcdError& error) const;

    const EtcdSettings settings_;
    const std::vector<Url> endpoints_;
    const std::shared_ptr<EtcdPlace> place_;
    std::size_t at_ = 0;                     // the endpoint of this request
    std::optional<std::uint64_t> judged_{};  // at_ is this place, and the request tells of it
    std::optional<std::uint64_t> avoid_{};   // for one request: the last one got no answer there
    http::RemoteSession session_;
    std::string session_origin_;
    std::string token_;
    std::optional<WallTime> clock_;  // of the endpoint that answered last
};

Failure Client::failure(Kind kind, const std::string& why, const std::string& mend) const {
    return {kind, {"etcd at " + endpoint().origin() + ": " + why, mend}};
}

Failure Client::of_error(const EtcdError& error) const {
    const Kind kind = sure_kind(error).value_or(Kind::unknown);
    return failure(kind, error.message,
                   kind == Kind::denied ? "check the user, its password and its role in etcd" : "");
}

http::RemoteRequest Client::request(const std::string& path, const std::string& body,
                                    bool with_token) const {
    http::RemoteRequest request{"POST", endpoint(), {{"Content-Type", "application/json"}}, body};
    request.url.target = path;
    if (with_token && !token_.empty()) request.headers.emplace_back("Authorization", token_);
    return request;
}

Client::Raw Client::ask_once(const Question& question) {
    if (session_origin_ != endpoint().origin()) {
        session_.close();
        session_origin_ = endpoint().origin();
    }
    const Millis time = question.hasty ? limits::kEtcdHastyTimeMax : settings_.time_max;
    session_.set_time(std::min(time, settings_.time_max));
    auto result = session_.send(request(question.path, question.body, true));
    if (const auto* answer = std::get_if<http::RemoteAnswer>(&result)) {
        clock_ = parse_http_date(answer->header("date"));
    }
    judge(std::get_if<http::RemoteFailure>(&result));
    return answer_of(std::move(result));
}

// What that says of the endpoint; `failed` null: it answered.
void Client::judge(const http::RemoteFailure* failed) {
    if (!judged_) return;
    if (failed == nullptr) return place_->answered(*judged_);
    pollfd cancel{settings_.cancel_fd, POLLIN, 0};
    if (poll(&cancel, 1, 0) > 0) return;  // it was given up by this side
    if (failed->kind != http::RemoteFailure::Kind::timed_out || !failed->sent) {
        return place_->leave(*judged_);
    }
    place_->was_silent(*judged_);
    avoid_ = judged_;
}

Client::Raw Client::answer_of(http::RemoteResult result) const {
    if (const auto* failed = std::get_if<http::RemoteFailure>(&result)) {
        return Failure{
            failed->sent ? Kind::unknown : Kind::unreachable,
            {"etcd at " + endpoint().origin() + ": " + failed->error.what, failed->error.mend}};
    }
    auto& answer = std::get<http::RemoteAnswer>(result);
    // An error may come with 200, too, inside a stream's envelope.
    if (auto error = read_error(answer.body)) return of_error(*error);
    if (answer.status == 200) return std::move(answer.body);
    const bool never = answer.status == 404;
    return failure(never ? Kind::refused : Kind::unknown,
                   "answered HTTP status " + std::to_string(answer.status),
                   "check that it is etcd's client address, of version 3.4 or newer");
}

std::optional<Failure> Client::log_in() {
    // Passwords are checked slowly, on purpose. Who gives up early and asks again makes it slower.
    http::RemoteOptions options = options_of(settings_);
    options.whole_time = kLoginPatience * settings_.time_max;
    options.silence = options.whole_time;
    auto result = http::send_remote(
        request("/v3/auth/authenticate", login_json(settings_.user, settings_.password), false),
        options);
    judge(std::get_if<http::RemoteFailure>(&result));
    auto raw = answer_of(std::move(result));
    if (auto* failed = std::get_if<Failure>(&raw)) {
        // Nothing was asked for yet: whatever it was, the request itself never went out.
        if (failed->kind == Kind::unknown) failed->kind = Kind::unreachable;
        const std::string& what = failed->error.what;
        if (what.ends_with("authentication is not enabled")) return std::nullopt;
        if (failed->kind == Kind::refused) failed->kind = Kind::denied;
        if (failed->kind == Kind::denied) {
            failed->error.mend = "check fleet.user and its password, and that etcd knows the user";
        }
        return *failed;
    }
    auto token = read_login(std::get<std::string>(raw));
    if (!token) return Failure{Kind::unreachable, token.error()};
    token_ = *std::move(token);
    return std::nullopt;
}

template <typename T>
Result<T> Client::ask_here(const Question& question, Expected<T> (*read)(std::string_view)) {
    if (!settings_.user.empty() && token_.empty()) {
        if (auto failed = log_in()) return *std::move(failed);
    }
    auto raw = ask_once(question);
    const auto* refused = std::get_if<Failure>(&raw);
    // A token is forgotten by etcd after some minutes, and when users or roles change.
    if (refused != nullptr && refused->kind == Kind::denied && !token_.empty()) {
        token_.clear();
        if (auto failed = log_in()) return *std::move(failed);
        raw = ask_once(question);
    }
    if (auto* failed = std::get_if<Failure>(&raw)) return *std::move(failed);
    auto value = read(std::get<std::string>(raw));
    if (!value) return failure(Kind::unknown, value.error().what, value.error().mend);
    return *std::move(value);
}

template <typename T>
Result<T> Client::ask_all(const Question& question, Expected<T> (*read)(std::string_view)) {
    Result<T> result = Failure{};
    const std::uint64_t begin = place_->at();
    const std::uint64_t first = std::exchange(avoid_, std::nullopt) == begin ? 1 : 0;
    for (std::size_t tries = 0; tries < endpoints_.size(); ++tries) {
        at_ = (begin + first + tries) % endpoints_.size();
        judged_.reset();
        if (first + tries == 0) judged_ = begin;
        result = ask_here<T>(question, read);
        const auto* failed = std::get_if<Failure>(&result);
        if (failed == nullptr || !failed->passes()) return result;
        if (failed->kind == Kind::unknown && question.again == Again::never) return result;
    }
    return result;
}

WatchEnd Client::watch(const std::vector<WatchAsk>& asks,
                       const std::function<bool(WatchNews)>& on_news) {
    LG_ASSERT(!asks.empty());
    // Settles which endpoint and which token, neither of which a stream could try anew.
    auto known = range({.key = asks.front().key, .limit = 1, .keys_only = true});
    if (const auto* failed = std::get_if<Failure>(&known)) {
        const bool denied = failed->kind == Kind::denied;
        return {denied ? WatchEnd::Kind::denied : WatchEnd::Kind::broken, failed->error};
    }
    session_.close();  // a watch is long, and asks nothing more
    WatchFeed feed(asks);
    http::RemoteOptions options = options_of(settings_);
    options.silence = limits::kEtcdWatchSilenceMax;
    options.whole_time = limits::kEtcdWatchTimeMax;
    options.on_body = [&feed, &on_news](std::string_view bytes) {
        return feed.take(bytes, on_news);
    };
    const auto result = http::send_remote(request("/v3/watch", watch_json(asks), true), options);
    if (feed.ended()) return feed.end();
    if (const auto* failed = std::get_if<http::RemoteFailure>(&result)) {
        feed.broke(failed->error);
        return feed.end();
    }
    const auto& answer = std::get<http::RemoteAnswer>(result);
    if (const auto error = read_error(answer.body)) {
        const Failure why = of_error(*error);
        return {why.kind == Kind::denied ? WatchEnd::Kind::denied : WatchEnd::Kind::broken,
                why.error};
    }
    feed.broke({"etcd at " + endpoint().origin() + " ended a watch", ""});
    return feed.end();
}

std::vector<Result<Status>> Client::status() {
    std::vector<Result<Status>> all;
    judged_.reset();
    const std::size_t before = at_;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        at_ = i;
        auto one = ask_here<Status>({"/v3/maintenance/status", "{}", Again::yes}, read_status);
        if (auto* status = std::get_if<Status>(&one)) {
            status->endpoint = endpoint().origin();
            status->clock = clock_;
        }
        all.push_back(std::move(one));
    }
    at_ = before;
    return all;
}

}  // namespace

std::string prefix_end(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xff') end.pop_back();
    if (end.empty()) return std::string(1, '\0');  // etcd's word for: to the last key
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    return end;
}

Result<RangeAnswer> range_whole(Etcd& etcd, RangeAsk ask) {
    RangeAnswer whole;
    ask.limit = limits::kEtcdPageKeys;
    while (true) {
        auto page = etcd.range(ask);
        auto* answer = std::get_if<RangeAnswer>(&page);
        if (answer == nullptr) return page;
        if (whole.revision == 0) {
            whole.revision = answer->revision;
            whole.cluster = answer->cluster;
            whole.count = answer->count;
        }
        whole.kvs.insert(whole.kvs.end(), std::make_move_iterator(answer->kvs.begin()),
                         std::make_move_iterator(answer->kvs.end()));
        if (!answer->more || answer->kvs.empty()) return whole;
        if (whole.kvs.size() > limits::kEtcdKeysMax) {
            return Failure{Failure::Kind::refused,
                           {"there are more than " + std::to_string(limits::kEtcdKeysMax) +
                                " keys below " + printable(ask.key, 200),
                            "check what else writes there"}};
        }
        ask.revision = whole.revision;
        ask.key = whole.kvs.back().key + '\0';
    }
}

Expected<std::unique_ptr<Etcd>> make_etcd(EtcdSettings settings) {
    std::vector<Url> endpoints;
    for (const std::string& text : settings.endpoints) {
        auto url = parse_url(text);
        if (!url)
            return Error{"etcd's address " + text + ": " + url.error().what, url.error().mend};
        endpoints.push_back(*std::move(url));
    }
    if (endpoints.empty())
        return Error{"no address of etcd is known", "name some in fleet.endpoints"};
    return std::unique_ptr<Etcd>(
        std::make_unique<Client>(std::move(settings), std::move(endpoints)));
}

}  // namespace lastgood::fleet
