#include "config/listen.h"

#include <algorithm>

#include "config/command.h"
#include "config/values.h"

namespace lastgood::config {
namespace {

constexpr const char* kKey = "listen";
constexpr std::size_t kNameBytesMax = 64;

// What can stand in LISTEN_FDNAMES, where a colon is between two (sd_listen_fds(3) takes more).
bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytesMax &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
           });
}

class Reader {
  public:
    explicit Reader(const Section& section) : section_(section) {}

    void add(const YamlNode& node, const std::string& name) {
        if (node.faulty) return;
        if (node.kind != YamlNode::Kind::scalar) {
            return section_.fault(kKey, node.mark, "expected an address" + of(name));
        }
        auto address = read_listen(node.text);
        if (!address) return section_.fault(kKey, node.mark, address.error().text());
        address->name = name;
        found_.push_back(*std::move(address));
    }

    void add_named(const YamlEntry& entry) {
        if (is_name(entry.key)) return add(entry.value, entry.key);
        section_.fault(kKey, entry.mark,
                       in_quotes(entry.key) + " is no name for a socket; use a-z A-Z 0-9 _ . -");
    }

    std::vector<ListenAddress> take() { return std::move(found_); }

  private:
    static std::string of(const std::string& name) {
        return name.empty() ? std::string() : " for " + in_quotes(name);
    }
    const Section& section_;
    std::vector<ListenAddress> found_;
};

}  // namespace

std::vector<ListenAddress> read_listens(const Section& section) {
    const YamlNode* node = section.value(kKey);
    if (node == nullptr) return {};
    Reader reader(section);
    for (const auto& item : node->items) reader.add(item, "");
    for (const auto& entry : node->entries) reader.add_named(entry);
    if (node->kind == YamlNode::Kind::scalar && section.text(kKey)) reader.add(*node, "");
    const std::size_t written = std::max(node->items.size(), node->entries.size());
    if (written > limits::kListensMax) {
        section.fault(kKey, node->mark,
                      "has more than " + std::to_string(limits::kListensMax) + " addresses");
    }
    return reader.take();
}

void read_ports(const Section& section, App& app) {
    read_commands(section, "proxy", app.proxy);
    const YamlNode* node = section.value("ports");
    if (node == nullptr) {
        if (section.has("proxy")) {
            section.fault("proxy", section.mark_of("proxy"), "needs `ports`");
        }
        return;
    }
    std::array<std::uint16_t, 2> ports{};
    bool good = node->kind == YamlNode::Kind::list && node->items.size() == ports.size();
    for (std::size_t i = 0; good && i < ports.size(); ++i) {
        const auto port = read_port(node->items[i].text);
        good = port && node->items[i].kind == YamlNode::Kind::scalar;
        if (good) ports[i] = *port;
    }
    if (!good || ports[0] == ports[1]) {
        return section.fault("ports", node->mark, "expected two different ports, as [3001, 3002]");
    }
    app.ports = ports;
    if (section.has("listen")) {
        section.fault("ports", node->mark, "keep one of `ports` and `listen`");
    }
    if (!section.has("proxy")) {
        section.fault("ports", node->mark,
                      "needs `proxy`: a command that sends users to $LASTGOOD_PORT (hooks/proxy)");
    }
}

}  // namespace lastgood::config
